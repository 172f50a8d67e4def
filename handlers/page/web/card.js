"use strict";
// The verdict card, the question of a dialogue and the scan, drawn from the parts
// that the answer hands over: no fact is put together here.
const huiwen = (() => {
  const make = (tag, className, words) => {
    const e = document.createElement(tag);
    if (className) e.className = className;
    if (words !== undefined) e.textContent = words;
    return e;
  };
  const button = (words, act, className) => {
    const b = make("button", className || "", words);
    b.type = "button";
    b.addEventListener("click", act);
    return b;
  };
  const icons = {
    yes: "M4 10.5 8.2 15 16 5.5", no: "M5 5 15 15 M15 5 5 15", unknown: "M7 7.6a3 3 0 1 1 4.4 2.7c-.9.5-1.4 1-1.4 2.1 M10 15.6v.1",
    likely: "M4 10.5 8.2 15 16 5.5", unlikely: "M5 5 15 15 M15 5 5 15", near: "M10 4.5v11 M4.5 10h11", open: "M7 7.6a3 3 0 1 1 4.4 2.7c-.9.5-1.4 1-1.4 2.1 M10 15.6v.1",
    shield: "M10 2.5 4 5v4.6c0 3.8 2.5 6.4 6 7.9 3.5-1.5 6-4.1 6-7.9V5z",
  };
  const icon = (name) => {
    const at = "http://www.w3.org/2000/svg", svg = document.createElementNS(at, "svg"), path = document.createElementNS(at, "path");
    svg.setAttribute("viewBox", "0 0 20 20");
    svg.setAttribute("aria-hidden", "true");
    svg.setAttribute("class", "icon " + name);
    path.setAttribute("d", icons[name]);
    svg.append(path);
    return svg;
  };
  let count = 0;
  const fresh = () => "c" + ++count;

  const spans = (into, line) => { for (const p of line) into.append(make("span", p.kind ? "fact" : "plain", p.text)); return into; };
  const paragraph = (line, className) => {
    const p = make("p", className || "");
    if (line.length === 1 && line[0].rule === "validity") p.className = "notice";
    if (!line.some((part) => part.kind)) p.classList.add("only-plain");
    return spans(p, line);
  };
  const section = (className, title) => {
    const s = make("section", className), h = make("h4", "", title);
    h.id = fresh();
    s.setAttribute("aria-labelledby", h.id);
    s.append(h);
    return s;
  };
  // said is a line of its own; what words only let one assume may be wrong.
  const said = (part, assumed) => part ? make("span", "said", "您说：“" + part.text + "”" + (assumed ? "，先按这样算，不是的请告诉我" : "")) : null;

  const markWords = { yes: "符合", no: "不符合", unknown: "还不清楚" };
  const condition = (c, number) => {
    const li = make("li", "condition " + c.answer);
    const row = (into) => {
      const words = make("span", "condition-name");
      words.append(make("b", "", c.name.text), " ", make("span", "mark", markWords[c.answer]));
      const told = said(c.told, c.assumed);
      if (told) words.append(told);
      into.append(icon(c.answer), words);
      return into;
    };
    if (!c.quote) { li.append(row(make("div", "condition-row"))); return li; }
    const d = make("details"), s = row(make("summary", "condition-row"));
    s.append(make("span", "more", "原文"));
    const q = make("blockquote", "", c.quote.text);
    q.append(make("cite", "", number.text));
    d.append(s, q);
    li.append(d);
    return li;
  };
  const conditions = (c) => {
    const s = section("conditions", "逐条对照"), ul = make("ul");
    for (const x of c.conditions) ul.append(condition(x, c.number));
    s.append(ul);
    return s;
  };

  const facts = (c, say) => {
    const s = section("facts", "您的情况"), ul = make("ul");
    if (c.facts.some((f) => f.edit.say)) s.firstChild.append(make("span", "live", "，说错了可以改"));
    for (const f of c.facts) {
      const li = make("li"), words = make("span", "fact-words");
      words.append(make("b", "", f.name.text), " ", make("span", "value", f.value.text));
      const told = said(f.told);
      if (told) words.append(told);
      li.append(words);
      if (f.edit.say) {
        const b = button(f.edit.text, () => say(f.edit.say), "edit live");
        b.setAttribute("aria-label", f.edit.text + "：" + f.name.text);
        li.append(b);
      }
      ul.append(li);
    }
    s.append(ul);
    return s;
  };

  // question is the panel of what is asked now; its buttons are live until the
  // next answer comes.
  const question = (a, say) => {
    const c = a.card, q = c.ask;
    const s = make("section", q.consent ? "question consent live" : "question live");
    const bar = make("div", "progress");
    const track = make("div", "track"), fill = make("i");
    track.setAttribute("role", "progressbar");
    track.setAttribute("aria-label", "问到哪里了");
    track.setAttribute("aria-valuemin", "0");
    track.setAttribute("aria-valuemax", String(q.answered + q.open));
    track.setAttribute("aria-valuenow", String(q.answered));
    const left = q.left.map((p) => p.text).join("");
    track.setAttribute("aria-valuetext", left);
    // the style of an element is set by the script: no inline style stands in the page
    fill.style.inlineSize = Math.max(6, Math.round(100 * q.answered / (q.answered + q.open))) + "%";
    track.append(fill);
    bar.append(track, make("span", "left", left));
    const h = make("h4", "asks");
    h.id = fresh();
    s.setAttribute("aria-labelledby", h.id);
    if (q.consent) {
      h.append(icon("shield"), "问之前，先征得您同意");
      s.append(h, paragraph(q.question, "consent-words"), bar);
    } else {
      spans(h, q.question);
      s.append(bar, h);
    }
    if (a.choices.length) {
      const ul = make("ul", a.choices.every((x) => Array.from(x).length <= 5) ? "answers short" : "answers");
      for (const x of a.choices) { const li = make("li"); li.append(button(x, () => say(x))); ul.append(li); }
      s.append(ul);
    } else {
      s.append(make("p", "type-here", "请在下面的框里回答。"));
    }
    const row = make("div", "moves");
    if (!q.consent && !a.choices.includes("不清楚")) row.append(button("不清楚", () => say("不清楚")));
    for (const m of c.moves) row.append(button(m.text, () => say(m.say)));
    if (row.childElementCount) s.append(row);
    if (q.why.length) {
      const d = make("details", "why-asked");
      d.append(make("summary", "", "为什么问这个"), paragraph(q.why));
      s.append(d);
    }
    return s;
  };

  const list = (className, title, lines) => {
    const s = section(className, title);
    for (const l of lines) s.append(paragraph(l));
    return s;
  };

  // body is all of a card below its head.
  const body = (c, say, into) => {
    if (c.conditions.length) into.append(conditions(c));
    if (c.missing.length) into.append(paragraph(c.missing, "missing"));
    if (c.silent.length) into.append(list("silent", "计划没有写的", c.silent));
    if (c.office.length) into.append(list("office", "还要由单位认定", c.office.map((p) => [p])));
    if (c.facts.length) into.append(facts(c, say));
    return into;
  };

  const head = (c) => {
    const h = make("header", "verdict " + c.verdict), badge = make("span", "badge");
    badge.append(icon(c.verdict), make("span", "", c.word.text));
    const name = make("h3", "", c.programme.text);
    name.id = fresh();
    badge.id = fresh();
    h.append(badge, name);
    const about = make("p", "about");
    about.append(make("span", "number-of", c.number.text));
    if (c.who) about.append(make("span", "person", "您的" + c.who.text));
    h.append(about);
    return [h, badge.id + " " + name.id];
  };

  const card = (a, say) => {
    const c = a.card, el = make("article", "card");
    el.append(make("p", "on-paper", "惠问 · 按计划条文初步对照"));
    for (const l of c.notice) el.append(paragraph(l));
    if (c.said.length) { // a step of the dialogue: the question first
      el.classList.add("step");
      const about = make("p", "step-about");
      about.append(make("b", "", c.programme.text), make("span", "number-of", c.number.text));
      if (c.who) about.append(make("span", "person", "您的" + c.who.text));
      el.append(about, paragraph(c.said, "step-said"));
      if (c.ask) el.append(question(a, say));
      const d = make("details", "so-far"), rest = make("div");
      d.append(make("summary", "", "对照到哪里了"), body(c, say, rest));
      if (rest.childElementCount) el.append(d);
      return el;
    }
    const [h, id] = head(c);
    el.setAttribute("aria-labelledby", id);
    el.append(h);
    if (c.notice.length || !c.conditions.length) el.append(paragraph(c.reads, "reads")); // else the head says it
    const amount = make("div", "amount");
    for (const l of c.amount) amount.append(paragraph(l));
    el.append(amount);
    if (c.ask) el.append(question(a, say));
    body(c, say, el);
    el.append(paragraph(c.bureaus, "bureaus"));
    if (!c.ask && c.moves.length) {
      const row = make("div", "moves live");
      for (const m of c.moves) row.append(button(m.text, () => say(m.say)));
      el.append(row);
    }
    el.append(paragraph(c.footer, "footer"));
    return el;
  };

  const groupIcons = { likely: "likely", near: "near", open: "open" };
  const scan = (a, say) => {
    const el = make("div", "scan"), family = a.scan.persons.length > 1 || a.scan.persons.some((p) => p.who);
    const names = a.scan.persons.flatMap((p) => p.groups).flatMap((g) => g.entries).map((e) => e.programme.text);
    for (const l of a.scan.notice) el.append(paragraph(l));
    for (const p of a.scan.persons) {
      const who = make("section", "person-part"), name = make("h3", "", p.who ? "您的" + p.who.text : "您和全家");
      name.id = fresh();
      if (family) { who.setAttribute("aria-labelledby", name.id); who.append(name); }
      for (const g of p.groups) {
        const s = section("group " + g.kind, "");
        const h = s.querySelector("h4");
        h.append(icon(groupIcons[g.kind]), make("span", "", g.head.map((x) => x.text).join("").replace(/：$/, "")));
        const ul = make("ul");
        for (const e of g.entries) {
          const li = make("li"), b = button("", () => say(e.say), "entry");
          const words = make("span", "entry-name", e.programme.text);
          if (names.filter((n) => n === e.programme.text).length > 1) words.append(make("small", "", e.known.text));
          b.append(words, make("span", "number-of", e.number.text), make("span", "go", "对照"));
          li.append(b);
          ul.append(li);
        }
        s.append(ul);
        who.append(s);
      }
      el.append(who);
    }
    el.append(paragraph(a.scan.footer, "footer"));
    return el;
  };

  // settle takes the buttons out of cards before the last: they would answer its
  // question, not theirs.
  const settle = (root) => { for (const e of root.querySelectorAll(".live")) e.remove(); };

  // shown are all parts of an answer that stand on the page.
  const shown = (a) => {
    const all = a.lines.flat(), c = a.card;
    if (c) for (const x of [...c.conditions.map((x) => x.quote), ...c.office, ...c.amount.flat(), ...c.bureaus, c.programme]) if (x) all.push(x);
    return all;
  };

  // print prints one card, its folds open.
  const print = (turn) => {
    const root = document.documentElement;
    turn.classList.add("printing");
    root.classList.add("print-one");
    window.print();
    root.classList.remove("print-one");
    turn.classList.remove("printing");
  };
  let folded = [];
  addEventListener("beforeprint", () => { folded = [...document.querySelectorAll(".card details:not([open])")]; for (const d of folded) d.open = true; });
  addEventListener("afterprint", () => { for (const d of folded) d.open = false; folded = []; });

  return { make, button, paragraph, card, scan, settle, shown, print };
})();
