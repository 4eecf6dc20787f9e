// Filters, copies and opens what already stands in the page. Builds text as text, never as markup.
"use strict";
(() => {
  const form = document.getElementById("filter");
  const fields = form.elements;
  const targets = [...document.querySelectorAll(".target")];
  const level = new Map();
  for (const rule of document.querySelectorAll(".rule")) level.set("#" + rule.querySelector(".text").id, rule.dataset.level);
  const checked = (name) =>
    new Set([...form.querySelectorAll(`[name=${name}]:checked`)].map((box) => box.value));

  // Every verdict of a target: findings, and the lines of the lists of what passed or does not apply.
  const VERDICTS = ".finding, [data-state] > ul > li";
  const read = (row) => ({
    row,
    state: (row.dataset.state ? row : row.closest("[data-state]")).dataset.state,
    level: row.dataset.level || level.get(row.querySelector("a").getAttribute("href")),
    words: row.textContent.toLowerCase(),
  });
  let known;
  const verdicts = () => known ??= targets.map((target) => ({
    target,
    name: target.querySelector("h3").textContent.toLowerCase(),
    lists: [...target.querySelectorAll(".quiet[data-state]")],
    rows: [...target.querySelectorAll(VERDICTS)].map(read),
  }));
  const hide = (element, isHidden) => { if (element.hidden !== isHidden) element.hidden = isHidden; };
  const tell = (shown, all) => { fields.shown.textContent = `${shown} of ${all} verdicts shown`; };

  const filter = () => {
    const states = checked("state");
    const levels = checked("level");
    const needle = fields.text.value.trim().toLowerCase();
    const chosen = fields.target.value;
    const isNarrow = needle || form.querySelector("[type=checkbox]:not(:checked)");
    let shown = 0;
    let all = 0;
    for (const { target, name, lists, rows } of verdicts()) {
      const isChosen = !chosen || target.id === chosen;
      const isNamed = needle && name.includes(needle);
      let here = 0;
      for (const { row, state, level: severity, words } of rows) {
        const fits = isChosen && states.has(state) && (!severity || levels.has(severity)) &&
          (!needle || isNamed || words.includes(needle));
        hide(row, !fits);
        here += fits ? 1 : 0;
      }
      for (const list of lists) hide(list, !list.querySelector("li:not([hidden])"));
      hide(target, !isChosen || Boolean(isNarrow && !here && !isNamed));
      shown += here;
      all += rows.length;
    }
    tell(shown, all);
  };

  const copy = async (button, source) => {
    try {
      await navigator.clipboard.writeText(source.textContent.trimEnd());
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(source);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1600);
  };
  const addCopy = (root) => {
    for (const source of root.querySelectorAll(".code > pre")) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Copy";
      button.addEventListener("click", () => copy(button, source));
      source.after(button);
    }
  };

  // Inside an open finding the rule's own text saves the way to the end of the page.
  const explain = (finding) => {
    const link = finding.open && finding.querySelector(".more");
    const rule = link && document.getElementById(link.getAttribute("href").slice(1));
    if (!rule) return;
    const copied = rule.cloneNode(true);
    copied.removeAttribute("id");
    for (const button of copied.querySelectorAll("button")) button.remove();
    addCopy(copied);
    link.closest(".cite").after(copied);
    link.remove();
  };

  const reveal = () => {
    const found = document.getElementById(location.hash.slice(1)) || document.querySelector(":target");
    if (!found) return;
    if (found.closest("[hidden]")) { form.reset(); filter(); }
    for (let box = found; box; box = box.parentElement.closest("details"))
      if (box.tagName === "DETAILS") box.open = true;
    found.scrollIntoView();
  };

  for (const target of targets) {
    const option = document.createElement("option");
    option.value = target.id;
    option.textContent = target.querySelector("h3").textContent;
    fields.target.append(option);
  }
  let waiting = 0;
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(filter, 80); });
  form.addEventListener("reset", () => setTimeout(filter));
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const [name, open] of [["open", true], ["close", false]])
    fields[name].addEventListener("click", () => {
      for (const finding of document.querySelectorAll(".finding:not([hidden])")) finding.open = open;
    });
  document.addEventListener("toggle", (event) => {
    if (event.target.classList.contains("finding")) explain(event.target);
  }, true);
  addEventListener("hashchange", reveal);
  addEventListener("beforeprint", () => {
    for (const box of document.querySelectorAll("details:not(.other, .rules)")) box.open = true;
  });
  addCopy(document);
  form.hidden = false;
  const all = document.querySelectorAll(VERDICTS).length;
  tell(all, all);
  reveal();
})();
