
(() => {
  "use strict";
  const by = (id) => document.getElementById(id);
  const list = by("list");
  const answers = [...list.querySelectorAll(":scope > details.answer")];
  if (!answers.length) return;
  document.documentElement.classList.add("scripted");
  const find = by("find"), show = by("show"), order = by("order"), shown = by("shown");
  const texts = new Map();
  const textOf = (answer) => {
    if (!texts.has(answer)) texts.set(answer, answer.textContent.toLowerCase());
    return texts.get(answer);
  };
  const choices = new Set();
  for (const answer of answers) {
    if (answer.dataset.band) choices.add("band:" + answer.dataset.band);
    choices.add("status:" + answer.dataset.status);
  }
  for (const choice of [...choices].sort()) {
    const option = document.createElement("option");
    option.value = choice;
    option.textContent = choice.replace(/^\w+:/, "");
    show.append(option);
  }
  const filter = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const [kind, wanted] = show.value.split(":");
    let count = 0;
    for (const answer of answers) {
      const fits = (!kind || answer.dataset[kind] === wanted) && words.every((word) => textOf(answer).includes(word));
      answer.hidden = !fits;
      count += fits;
    }
    shown.textContent = count === answers.length ? "" : count + " of " + answers.length + " shown";
  };
  const sort = () => {
    const sign = { up: 1, down: -1 }[order.value];
    const score = (answer) => Number(answer.dataset.score);
    const sorted = sign ? [...answers].sort((a, b) => sign * (score(a) - score(b))) : answers;
    list.append(...sorted);
  };
  const openAll = (open) => answers.forEach((answer) => { answer.open = open; });
  find.addEventListener("input", filter);
  show.addEventListener("change", filter);
  order.addEventListener("change", sort);
  by("open").addEventListener("click", () => openAll(true));
  by("shut").addEventListener("click", () => openAll(false));
  const reveal = () => {
    const target = location.hash.length > 1 && by(decodeURIComponent(location.hash.slice(1)));
    const answer = target && target.closest("details.answer");
    if (answer) { answer.hidden = false; answer.open = true; target.scrollIntoView(); }
  };
  addEventListener("hashchange", reveal);
  reveal();
  let before = [];
  addEventListener("beforeprint", () => {
    before = [...list.querySelectorAll("details:not([open])")];
    before.forEach((each) => { each.open = true; });
  });
  addEventListener("afterprint", () => before.forEach((each) => { each.open = false; }));
})();
