"""What a grader's request asks for: the answer in it, the schema of the reply, and a key that tells prompts apart.

Both protocols are read into the same prompt.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any, Literal, NamedTuple

_ANSWER = re.compile(r"<<<ANSWER (?P<mark>[^\s>]+)>>>\n(?P<text>.*)\n<<<END ANSWER (?P=mark)>>>", re.DOTALL)
_QUESTION = re.compile(r"<<<QUESTION (?P<mark>[^\s>]+)>>>\n(?P<text>.*?)\n<<<END QUESTION (?P=mark)>>>", re.DOTALL)
_NONCE = re.compile(r'"nonce": ?"([0-9a-f]{16})"')
_SCHEMA_IN_TEXT = "JSON Schema:\n\n"
# Shorter prefixes are not kept; the figure is OpenAI's, and Anthropic's for most of its models.
_SHORTEST_KEPT_TOKENS = 1_024

Schema = Mapping[str, Any]
Asked = Literal["json_schema", "json_object", "tool", "text"]


class NotUnderstood(Exception):
    """The request is nothing that the provider can answer."""


class Prefix(NamedTuple):
    """A beginning of the conversation that the provider may keep, and its length in tokens."""

    key: str
    tokens: int


class Prompt(NamedTuple):
    """One request as the provider sees it.

    `key` is a digest of the conversation without the mark of its fence, without nonces and without a schema written out
    in it, so that the same answer asked about again has the same key; `answer_key` is the digest of the answer alone.
    `complaint` is the last message where an earlier reply is sent back with it, `tokens` a guess at the length. `asked`
    is how the reply's shape was asked for, `tool` the function that must be called with it; `prefixes` are from the
    shortest to the longest.
    """

    key: str
    answer: str
    answer_key: str
    question: str
    complaint: str
    schema: Schema | None
    tokens: int
    nonce: str = ""
    asked: Asked = "text"
    tool: str = ""
    with_temperature: bool = False
    prefixes: tuple[Prefix, ...] = ()


class _Said(NamedTuple):
    """A piece of the conversation; `ends_prefix` where what came so far may be kept."""

    role: str
    text: str
    ends_prefix: bool = False


class _Wanted(NamedTuple):
    asked: Asked = "text"
    schema: Schema | None = None
    tool: str = ""


def read_prompt(body: bytes) -> Prompt:
    """Read the body of a request in OpenAI's protocol, whose provider keeps the system message by itself.

    Raises:
        NotUnderstood: it is no chat completion request, or asks for a stream.
    """
    request = _request(body)
    try:
        said = [_Said(str(message["role"]), _text(message["content"])) for message in request["messages"]]
        said[0] = said[0]._replace(ends_prefix=said[0].role == "system")
    except (TypeError, KeyError, IndexError):
        raise NotUnderstood("no chat completion request") from None
    return _prompt(request, said, _wanted(_wanted_of_openai, request))


def read_message_prompt(body: bytes) -> Prompt:
    """Read the body of a request in Anthropic's protocol, which marks what may be kept.

    Raises:
        NotUnderstood: it is no request for a message, or asks for a stream.
    """
    request = _request(body)
    try:
        said = list(_blocks("system", request.get("system") or []))
        for message in request["messages"]:
            said += _blocks(str(message["role"]), message["content"])
        if not request["messages"] or not isinstance(request["max_tokens"], int):
            raise NotUnderstood("no request for a message")
    except (TypeError, KeyError, AttributeError):
        raise NotUnderstood("no request for a message") from None
    return _prompt(request, said, _wanted(_wanted_of_anthropic, request))


def count_tokens(text: str) -> int:
    """Four characters are taken for a token."""
    return -(-len(text) // 4)


def _request(body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body)
    except ValueError:
        request = None
    if not isinstance(request, dict):
        raise NotUnderstood("no chat completion request")
    if request.get("stream"):
        raise NotUnderstood("streams are not served")
    return request


def _text(content: object) -> str:
    """The text of a message, written as such or in blocks."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(str(block["text"]) for block in content)
    raise TypeError("no text")


def _blocks(role: str, content: object) -> Iterable[_Said]:
    if isinstance(content, str):
        yield _Said(role, content)
    elif isinstance(content, list):
        for block in content:
            yield _Said(role, str(block["text"]), ends_prefix="cache_control" in block)
    else:
        raise TypeError("no text")


def _wanted(read: Callable[[Mapping[str, Any]], _Wanted], request: Mapping[str, Any]) -> _Wanted:
    try:
        return read(request)
    except (TypeError, KeyError, IndexError, AttributeError):
        raise NotUnderstood("the schema of the reply cannot be read") from None


def _wanted_of_openai(request: Mapping[str, Any]) -> _Wanted:
    if request.get("tools") and request.get("tool_choice"):
        function = request["tools"][0]["function"]
        return _Wanted("tool", function["parameters"], function["name"])
    form = request.get("response_format") or {}
    match form.get("type"):
        case "json_schema":
            return _Wanted("json_schema", form["json_schema"]["schema"])
        case "json_object":
            return _Wanted("json_object")
    return _Wanted()


def _wanted_of_anthropic(request: Mapping[str, Any]) -> _Wanted:
    if request.get("tools") and (request.get("tool_choice") or {}).get("type") in {"tool", "any"}:
        tool = request["tools"][0]
        return _Wanted("tool", tool["input_schema"], tool["name"])
    form = request.get("output_format") or (request.get("output_config") or {}).get("format")
    return _Wanted("json_schema", form["schema"]) if form else _Wanted()


def _prompt(request: Mapping[str, Any], said: Sequence[_Said], wanted: _Wanted) -> Prompt:
    asked = "\n".join(each.text for each in said if each.role == "user")
    fence, question = _ANSWER.search(asked), _QUESTION.search(asked)
    answer = fence["text"] if fence else ""
    conversation = "\0".join(f"{each.role}\0{each.text}" for each in said)
    told, schema_in_text = _without_schema(said[0].text)
    unmarked = "\0".join([told, *(f"{each.role}\0{each.text}" for each in said[1:])])
    if fence:
        unmarked = unmarked.replace(fence["mark"], "")
    last = said[-1]
    complained = last.role == "user" and any(each.role == "assistant" for each in said)
    return Prompt(
        # With the answer's own digest, since nonces are cut out of whatever holds one.
        key=_sha256(f"{_NONCE.sub('', unmarked)}\0{answer}"),
        answer=answer,
        answer_key=_sha256(answer),
        question=question["text"] if question else "",
        complaint=last.text if complained else "",
        schema=_parsed(schema_in_text) if wanted.schema is None else wanted.schema,
        tokens=count_tokens(conversation),
        nonce=_nonce(last.text),
        asked=wanted.asked,
        tool=wanted.tool,
        with_temperature="temperature" in request,
        prefixes=_prefixes(said),
    )


def _nonce(last: str) -> str:
    """The nonce to repeat: the last one of the last message, and none of the answer's own making."""
    found = _NONCE.findall(_ANSWER.sub("", last))
    return str(found[-1]) if found else ""


def _without_schema(first: str) -> tuple[str, str]:
    """The first message without the schema at its end and the line that announces it; and the schema, "" if none."""
    told, found, schema = first.partition(_SCHEMA_IN_TEXT)
    return (told.rpartition("\n")[0] if found else told).rstrip(), schema


def _parsed(written: str) -> Schema | None:
    if not written:
        return None
    try:
        schema: Schema = json.loads(written)
    except ValueError:
        raise NotUnderstood("the schema of the reply cannot be read") from None
    return schema


def _prefixes(said: Sequence[_Said]) -> tuple[Prefix, ...]:
    so_far = accumulate(f"{each.role}\0{each.text}\0" for each in said)
    texts = [text for text, each in zip(so_far, said, strict=True) if each.ends_prefix]
    prefixes = [Prefix(_sha256(text), count_tokens(text)) for text in texts]
    return tuple(prefix for prefix in prefixes if prefix.tokens >= _SHORTEST_KEPT_TOKENS)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
