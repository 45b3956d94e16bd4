"""English for the keyword grader."""

import re

from service.graders.keyword.language import Language, phrases, stems_of, synonyms_of, words_of
from service.graders.keyword.units import stem_phrase

_MARKERS = {
    "$cause": """
        because; since; as it; as they; as we; so that; in order to; due to; owing to; thanks to; given that
        given how; the reason; that's why; which is why; is why; the point is; otherwise; or else; it means
        which means; this means
    """,
    "$condition": """
        if; when; whenever; unless; until; once; only if; only when; as soon as; as long as; provided; in case
        where; the moment; the signal; the trigger; for cases; depends on whether; at that point; while; after
        only then; only for
    """,
    "$consequence": """
        so; therefore; hence; thus; then; as a result; leads to; results in; means that; which means; ends up
        that way; consequently; costs us; cost us; saves; breaks; lets you; lets us; allows
    """,
    "$contrast": """
        but; however; whereas; although; though; rather than; instead; unlike; versus; vs; while; on the other hand
    """,
    "$example": """
        for example; for instance; e.g.; such as; say; like; imagine; suppose; take; in one project; at my last
        at my previous; in my last; in my previous; in the last; in our case; for our; for us; in one case
        concretely; one client; a client
    """,
    "$experience": """
        we built; we ran; we used; we tried; we found; we moved; we put; we got; we went; we added; we shipped
        we launched; we measured; we stopped; we started; we cut; we tuned; we trained; we fetched; we checked
        i built; i ran; i used; i worked; i led; i shipped; i launched; my team; my last; my previous; our team
        our product; our app; our bot; our case; at my; on the last project; in one project; last year; took us
    """,
    "$percent": "%; percent; per cent; percentage; percentage points; pct",
    "$money": """
        $; €; £; ¥; ₹; dollar; dollars; usd; euro; euros; eur; cents; cent; pence; pounds; rupees; bucks; grand
    """,
    "$duration": """
        seconds; minutes; hours; days; weeks; months; quarters; years; ms; milliseconds; afternoon
    """,
}

_CUES = {
    "~negation": """
        not; never; no; nor; neither; without; none of; nobody; no one; rather than; instead of; avoid; skip; hardly
        not need; no need; not bother; not worth; not necessary; refuse to; rule out; reject; rejected; be against
        against using; against fine tuning; against training; stop using; stop doing; a mistake to; wrong to
        pointless to; a waste to; unnecessary to; no reason to; no point; far from; anything but
    """,
    # Where one of these stands, the negation inside it denies nothing.
    "~no-negation": """
        not just; not only; not merely; not simply; not solely; no longer; no matter; not until; not to mention
        no doubt; without doubt; no wonder; not unless; why not; not because; not before; never before; not without
        no sooner; skip straight; skip to; skip right; skip ahead; not least; not so much; nothing but; cannot but
        never skip; never forget; not forget; not skip; not ignore; not avoid; not stop; no exception; no excuse
        not optional; not negotiable; not yet; not that; whether or not; or not
    """,
    # After a concept in its clause: it is held to be needless or wrong.
    "~rejected-after": """
        be not need; not need; be not necessary; be not require; be not important; be not worth; not matter
        be overrated; be pointless; be useless; be a mistake; be the wrong; be wrong; be a waste; be unnecessary
        be overkill; be not something; be not the; be not a; be not for; be not about; be not how; be not what
        be nonsense; be a myth; be irrelevant; not interest; be not relevant; be not useful; can be skipped
        can be ignored; may be skipped; be out of the question
    """,
    "~report": """
        some people; some say; some think; some argue; some claim; people say; people think; people claim
        people argue; people believe; people tell; they say; they claim; many say; many think; many people
        many argue; most people; everyone says; everybody says; everyone thinks; everyone claims; everyone now says
        i have heard; i heard; i hear; i have read; i read that; i read somewhere; i was told; i be told
        someone told; somebody told; told me; tells me; according to; vendors say; vendors claim; vendor says
        vendor claims; the vendor told; blog says; blogs say; blog post says; article says; articles say
        articles claim; experts say; experts claim; the textbook; it is said; it is often said
        allegedly; apparently; conventional wisdom; common wisdom; common advice; the hype; the myth; the idea that
        the notion that; the claim that; the argument that; there are those; there are people; others say
        others think; others argue; others claim; others would say; other candidates; my colleague says
        my colleague thinks; a colleague says; a colleague said; my boss says; my boss thinks; a friend says
        my friend says; friend told; colleague told; consultants say; consultants claim; linkedin; twitter
        a podcast; used to think; used to believe; used to say; used to be told; i once thought; i once believed
        you will hear; you hear; you often hear; the usual advice; the usual answer; the usual argument
        the usual story; a popular view; a common view; they told us; the engineers claim; the engineers say
        the data scientists say; the internet says; proponents; advocates
    """,
    # Within a report: from here on the candidate speaks again.
    "~own-voice": """
        but; however; yet; although; though; whereas; actually; in reality; in fact; in practice; i think; i would
        i believe; in my view; in my experience; i disagree; i prefer; personally; for me
    """,
    "~endorse": """
        i agree; i would agree; they are right; he is right; she is right; that is right; and rightly; which is true
        that is true; and it is true; i think so too; matches my experience; my experience too; i found the same
        we found the same; i share; and correctly; so do i; and i do; i fully agree; quite right
    """,
    "~disagree": """
        i disagree; i do not agree; i not agree; i would disagree; not buy it; not buy that; i do not believe that
        i do not think so; not convinced; that is wrong; that is nonsense; this is wrong; it is wrong
        they are wrong; that is a mistake; that is a myth; i reject that; which is wrong; which is nonsense
        that is not true; not true; it is not true; that is false; i would not do that; i would not do any of that
        i do not do that; not how i
    """,
    "~supposed": """
        would have; could have; should have; might have; would've; could've; should've; if only; i wish; in theory
        theoretically; hypothetically; in an ideal world; in a perfect world; ideally someone; one day maybe
        i wonder; as if; yeah right; sure because; as though; i suppose one could; i suppose you could
        i suppose we could
    """,
    "~ignorance": """
        i have no idea; no idea; i do not know; i not know; i not really know; i am not sure; i be not sure
        not sure; i do not have experience; i have no experience; no experience; not much experience; not familiar
        never heard of; could not tell you; could not say; can not say; i do not remember; i forget what
        i do not understand; i forgot; not know anything; not know much; not know what; not know how
        not know whether; i have not thought; no opinion on; we do not know; we not know; i be unsure; i am unsure
        i can not remember; never used; have never worked; never worked with
    """,
    "~asking": """
        should i; should we; should you; should one; would you; would it; could you; could we; can you; what about
        how about; why not; why would; is it; isn't it; do i need; do we need; do you want; shall i; shall we; maybe
        have you; did you; are you; who says; who needs; why should; why bother
    """,
    "~correction": """
        scratch that; no wait; wait no; actually no; sorry no; let me correct; i take that back; strike that
    """,
}

# Whole sentences that say nothing, whatever was asked.
_EMPTY = """
    i hope that makes sense; hope that makes sense; does that make sense; if that makes sense; makes sense
    that is how i see it; that's how i see it; that is my answer; that's my answer; that is it; that's it; that's all
    let me think; let me see; let me think about that; let's see; good question; great question; that's a good question
    that's a great question; thank you; thanks; thanks for the question; ok; okay; so yeah; yeah; so yes; alright
    all right; right; well; you know; i mean; i think so; i guess; anyway; so; and so on; and that's that
    i could go on; as i said; like i said; to be honest; honestly; sorry; one second; give me a second
"""

_SMALL = """
    a an the this that these those i me my mine we us our ours you your he she it its they them their who whom whose
    which what where when why how there here be am is are was were been being have has had do does did will would
    shall should can could may might must ought to of in on at by for from with without into onto over under above
    below between through during before after about against as than and or but nor so yet if then else because since
    while until unless although though whether not no never all any both each every few more most other some such
    only own same too very just also even still again once now ever don't doesn't didn't isn't aren't wasn't won't
    can't i'd i'll i've i'm we'd we'll we've we're it's that's there's you'd you'll you've you're they're up down
    out off one go get got let need want like use used using e.g i.e us per
"""

_COMMON = """
    able about across add after allow already always another anything around ask away back bad because become before
    begin best better big bring call case cause certain change come common compare consider contain could create
    current day deal depend different do done easy effect either end enough especially etc even every everything
    exist fact far fast feel few find first follow form full general give go good great group hand happen hard help
    high hold however important include increase instead involve keep kind know large last late lead learn leave less
    let level like little live long look lot low main make many matter mean method might move much must name near
    need new next nothing number occur often old open order others part people perform person place play point
    possible problem process produce provide put reach real really reason receive refer related remain require result
    right run same say second see seem set several should show similar simple simply single small something
    sometimes specific start state stay still stop store such sure system take tell term thing think time together
    total toward true try turn type under understand until use useful usually value various very want way well whole
    within without word work world would write year yes
"""

_META = """
    answer answers candidate explain explains explanation describe describes description mention mentions discuss
    discusses discussion clear clearly concise concisely structured coherent coherently logical logically convincing
    relevant relevance appropriate appropriately demonstrate demonstrates identify identifies correct correctly
    understanding insight insightful argument arguments articulate articulates justify justifies support supported
    detail detailed thorough thoroughly depth vague generic level response example examples complete completely
    accurate accurately well-organised organized communicate communicates communication grammar tone persuasive
    specific specifically reasoning statement statements address addresses criteria criterion rubric quality
"""

# What nearly everyone uses for one another, whatever the subject.
_SYNONYMS = """
    increase raise rise grow growth climb higher more; decrease reduce reduction lower drop decline fall shrink
    less fewer lessen diminish; remove delete eliminate erase discard strip; add insert append attach; make create
    produce generate form build construct; release emit discharge; absorb soak take; quick fast rapid swift speed;
    slow sluggish; big large huge great; small little tiny; begin start commence initiate; end stop finish cease
    terminate; keep maintain retain preserve hold; prevent avoid hinder inhibit; protect guard defend shield; help
    aid assist support; show display demonstrate indicate reveal; need require necessary essential; use utilize
    employ apply; change alter modify vary; same equal identical alike; different distinct differ unlike; first
    initial; final last ultimate; often frequent frequently usually; rare rarely seldom; expensive costly dear
    pricey; cheap inexpensive; hard difficult tough tricky; easy simple straightforward; dangerous hazardous risky
    unsafe; safe secure; harmful damaging; harm damage hurt injure; person people human individual someone; child
    kid; worker employee staff; customer client buyer; company firm business enterprise; money cash fund funds;
    loan borrow credit; purchase buy acquire; doctor physician; patient sick; illness disease sickness; germ
    bacteria microbe pathogen virus; energy power; heat warmth; hot warm; cold cool; light sunlight; sun solar;
    earth soil ground; water moisture; part piece component portion element item; whole entire complete full; near
    close beside; far distant away; above over; below under beneath; move travel go transport carry; send transmit
    pass transfer; receive get obtain; give provide supply offer; store save; find locate search; choose select
    pick; compare contrast; combine merge join unite mix; divide split separate; connect link; contain include;
    surround enclose; important significant crucial vital key; correct right accurate true; wrong incorrect false
    error mistake bug; idea concept notion; method way technique approach procedure; result outcome effect
    consequence; cause lead reason; answer reply response respond react reaction; ask question query; check verify
    test examine; measure gauge; program software code; function routine; record row entry; unique single sole;
    law legal rule; agree accept approve agreement acceptance; forbid ban prohibit; allow permit let enable; kill
    destroy; die death; live survive; eat consume; weak weaken; strong strength
"""


ENGLISH = Language(
    code="en",
    markers={name: phrases(text) for name, text in _MARKERS.items()},
    cues={name: phrases(text) for name, text in _CUES.items()},
    small_words=words_of(_SMALL),
    breaks=words_of("but however because since so whereas while although though unless until if when then and which"),
    subordinating=words_of("because since whether although though unless until if when which"),
    speech_breaks=words_of("so but okay ok now also then and because um uh well anyway"),
    listing_words=words_of(
        "a an the and or of for with at in on to by from as per than like our my its e.g over under between "
        "before after during through one own only no both all each every any"
    ),
    listing_joiners=words_of("and or"),
    joiners=words_of("and or with but because since so if when unless then while whereas although"),
    speaking_words=words_of(
        "i me my we us our ours you your he she it its they them their this that these those there who which "
        "would should could can may might must will shall need let i'd i'll i'm i've we'd we'll we're we've it's "
        "that's there's you'd you'll don't doesn't didn't isn't aren't wasn't won't can't cannot not no never nobody "
        "nothing none without to for"
    ),
    articles=words_of("a an the"),
    after_no_article=words_of(
        "a an the i we they he she me us my our your their its it's is am are was were be do does did have has had "
        "will would can could shall should must may might of in on at by for from with into to than and or but if "
        "when because until unless while since so not that's who which these those them"
    ),
    openers=words_of("and but so or also um uh er well okay ok yeah"),
    negation_ends=words_of(
        "because if when unless until before for at but since so than while whereas although after once "
        "under below above as"
    ),
    modal_stems=stems_of("would should could can will may might must shall do"),
    fillers=re.compile(
        # Between two commas or before one they leave none behind; after one alone they do.
        r"(?:,\s*+)?\b(?:u+h*m+|u+h+|e+rm*|h+m+|a+h+)\b\s*+,|\b(?:u+h*m+|u+h+|e+rm*|h+m+|a+h+)\b(?!['-])",
        re.IGNORECASE,
    ),
    empty_sentences=frozenset(stem_phrase(phrase.split()) for phrase in phrases(_EMPTY)),
    introduction=re.compile(
        r"(?:(?:hello|hi|hey|good (?:morning|afternoon|evening))(?: there| everyone| all)?[,.!]? ?)?"
        r"(?:(?:and )?my name(?: is|'s) [\w'-]+(?: [\w'-]+)?|this is [\w'-]+(?: [\w'-]+)? (?:speaking|here))?[.!]*"
    ),
    common_stems=stems_of(_COMMON),
    meta_stems=stems_of(_META),
    synonyms=synonyms_of(_SYNONYMS),
)
