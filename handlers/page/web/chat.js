"use strict";
// The chat: posts the question, shows the answer. Everything from outside goes
// in as text, never as markup. Without this script the form still works.
(() => {
  const $ = (id) => document.getElementById(id);
  const log = $("log"), form = $("form"), text = $("text"), send = $("send"), hint = $("hint"), sheet = $("sheet");
  const maxRunes = 500, kept = 40;
  const remember = (store, key, value) => { try { store.setItem(key, value); } catch { /* storage is off */ } };
  const recall = (store, key) => { try { return store.getItem(key); } catch { return null; } };

  const large = $("large");
  const setLarge = (on) => { document.documentElement.classList.toggle("large", on); large.setAttribute("aria-pressed", String(on)); };
  large.hidden = false;
  setLarge(recall(localStorage, "large") === "1");
  large.addEventListener("click", () => { const on = !document.documentElement.classList.contains("large"); setLarge(on); remember(localStorage, "large", on ? "1" : "0"); });
  if (!form) return;

  const { make, button } = huiwen;

  let turns = [];
  try { turns = JSON.parse(recall(sessionStorage, "turns") || "[]"); } catch { turns = []; }

  const turn = (mine) => {
    const t = make("div", mine ? "turn mine" : "turn theirs");
    t.append(make("p", "who", mine ? "您" : "惠问"));
    const b = make("div", "bubble");
    t.append(b);
    log.append(t);
    return [t, b];
  };
  const showQuestion = (words) => { const [t, b] = turn(true); b.append(make("p", "", words)); return t; };

  const reasons = ["没答到点上", "说得看不懂", "内容不对"];
  const rate = async (a, up, reason) => {
    try {
      const r = await fetch("/api/rate", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ number: a.id, up, reason }) });
      return r.ok;
    } catch { return false; }
  };
  const thumbs = (a, t) => {
    const up = button("有用", async () => choose(up, down, true)), down = button("没用", async () => choose(down, up, false));
    for (const b of [up, down]) b.setAttribute("aria-pressed", "false");
    const choose = async (on, off, good) => {
      t.querySelector(".why")?.remove();
      if (!await rate(a, good, "")) return;
      on.setAttribute("aria-pressed", "true");
      off.setAttribute("aria-pressed", "false");
      const why = make("div", "why");
      why.setAttribute("role", "status");
      if (good) { why.textContent = "谢谢您！"; t.append(why); why.scrollIntoView({ block: "nearest" }); return; }
      why.append(make("span", "", "谢谢，哪里不好？"));
      for (const reason of reasons) why.append(button(reason, async () => { if (await rate(a, false, reason)) why.textContent = "记下了，谢谢您！"; }));
      t.append(why);
      why.scrollIntoView({ block: "nearest" });
    };
    return [up, down];
  };

  const showAnswer = (a) => {
    const [t, b] = turn(false);
    if (a.card && !a.again || a.status === "done") huiwen.settle(log);
    if (a.card) { b.classList.add("holds-card"); b.append(huiwen.card(a, ask)); }
    else if (a.scan) { b.classList.add("holds-card"); b.append(huiwen.scan(a, ask)); }
    else for (const line of a.lines) b.append(huiwen.paragraph(line));
    if (a.source) {
      const s = button(a.source, () => openSheet(a));
      s.className = "source";
      s.setAttribute("aria-haspopup", "dialog");
      b.append(s);
    }
    if (a.choices.length && !a.card?.ask && !a.scan) {
      const ul = make("ul", "choices");
      for (const c of a.choices) { const li = make("li"); li.append(button(c, () => ask(c))); ul.append(li); }
      b.append(ul);
    }
    if (a.card?.said.length) return t; // a step: what may be done with an answer stands by the whole card
    const acts = make("div", "acts");
    const copied = button("复制", async () => {
      try { await navigator.clipboard.writeText(a.text); copied.textContent = "已复制"; } catch { copied.textContent = "没能复制"; }
      setTimeout(() => { copied.textContent = "复制"; }, 2000);
    });
    acts.append(copied);
    if ("speechSynthesis" in window) {
      const read = button("朗读", () => {
        if (speechSynthesis.speaking) { speechSynthesis.cancel(); return; }
        const u = new SpeechSynthesisUtterance(a.text);
        u.lang = "zh-CN"; u.rate = 0.9;
        u.onend = u.onerror = () => { read.textContent = "朗读"; };
        read.textContent = "停止朗读";
        speechSynthesis.speak(u);
      });
      acts.append(read);
    }
    if (a.card) acts.append(button("打印", () => huiwen.print(t)));
    if (a.id) acts.append(...thumbs(a, t), make("small", "number", "编号 " + (a.again || a.id)));
    t.append(acts);
    return t;
  };
  const showError = (words, retry) => {
    const [t, b] = turn(false);
    b.classList.add("wrong");
    b.setAttribute("role", "alert");
    b.append(make("p", "", words));
    if (retry) b.append(button("再试一次", () => { t.remove(); retry(); }));
    return t;
  };

  const keep = (q, a) => { turns.push([q, a]); turns = turns.slice(-kept); remember(sessionStorage, "turns", JSON.stringify(turns)); };
  const busy = (on) => { send.disabled = on; log.setAttribute("aria-busy", String(on)); };
  const started = () => { $("hello").hidden = true; $("clear").hidden = false; };

  async function ask(words, again) {
    words = words.trim();
    if (!words || send.disabled) return;
    if (Array.from(words).length > maxRunes) { hint.textContent = `最多 ${maxRunes} 个字，请说得短一些。`; hint.className = "hint bad"; return; }
    hint.className = "hint";
    const pressed = log.contains(document.activeElement);
    started();
    if (!again) showQuestion(words);
    const [waiting, b] = turn(false);
    const dots = make("p", "wait");
    dots.append(make("i"), make("i"), make("i"), make("span", "hidden", "正在查找"));
    b.append(dots);
    waiting.scrollIntoView({ block: "nearest" });
    busy(true);
    let shown;
    try {
      const r = await fetch("/api/ask", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ text: words }) });
      const a = await r.json();
      waiting.remove();
      if (r.ok) { shown = showAnswer(a); keep(words, a); } else { shown = showError(a.error || "没能回答，请再试一次。", r.status >= 500 || r.status === 429 ? () => ask(words, true) : null); }
    } catch {
      waiting.remove();
      shown = showError(navigator.onLine === false ? "现在没有网络，连上以后再试。" : "没有连上，请再试一次。", () => ask(words, true));
    } finally {
      busy(false);
    }
    shown.scrollIntoView({ block: shown.offsetHeight > innerHeight * 0.6 ? "start" : "nearest" });
    // who pressed a button goes on beside the next ones; who typed, or must, types on
    const next = pressed && shown.querySelector(".question:has(.answers) .asks, .verdict h3");
    if (next) { next.tabIndex = -1; next.focus({ preventScroll: true }); } else if (matchMedia("(hover: hover)").matches) text.focus();
  }

  const quotesOf = (a, label) => huiwen.shown(a).filter((p) => p.kind === "quoted" && p.source && p.source.label === label).map((p) => p.text);
  const marked = (into, whole, quotes) => {
    const on = new Uint8Array(whole.length);
    for (const q of quotes) { const i = q ? whole.indexOf(q) : -1; if (i >= 0) on.fill(1, i, i + q.length); }
    into.replaceChildren();
    for (let i = 0; i < whole.length;) {
      let j = i;
      while (j < whole.length && on[j] === on[i]) j++;
      into.append(on[i] ? make("mark", "", whole.slice(i, j)) : whole.slice(i, j));
      i = j;
    }
  };
  async function openSheet(a) {
    const path = $("sheet-path"), body = $("sheet-text"), from = $("sheet-from"), name = $("sheet-name");
    try {
      const all = await Promise.all(a.citations.slice(0, 6).map(async (c) => (await fetch("/api/measure/" + encodeURIComponent(c))).json()));
      const first = all[0];
      name.textContent = all.map((m) => m.name).join("、");
      path.replaceChildren(...first.headings.map((h) => make("span", "", h)));
      body.replaceChildren();
      for (const m of all) {
        const p = make("span");
        marked(p, m.text, quotesOf(a, m.label));
        if (all.length > 1) body.append(make("b", "", m.name + "\n"));
        body.append(p, all.length > 1 ? "\n\n" : "");
      }
      from.textContent = `《${first.document}》` + (first.issued ? `（${first.issued}印发）` : "");
    } catch {
      name.textContent = "没能打开原文";
      body.textContent = "请过一会儿再试。";
    }
    sheet.showModal();
    sheet.scrollTop = 0;
    name.focus();
  }
  $("sheet-close").addEventListener("click", () => sheet.close());
  sheet.addEventListener("click", (e) => { if (e.target === sheet) sheet.close(); });

  const grow = () => { text.style.height = "auto"; text.style.height = Math.min(text.scrollHeight + 2, 144) + "px"; };
  text.addEventListener("input", () => {
    grow();
    const n = Array.from(text.value).length;
    const over = n > maxRunes;
    hint.className = over ? "hint bad" : "hint";
    hint.textContent = over ? `最多 ${maxRunes} 个字，现在有 ${n} 个。` : "按回车提问，Shift+回车换行";
  });
  text.addEventListener("keydown", (e) => {
    if (e.key === "Enter" && !e.shiftKey && !e.isComposing && e.keyCode !== 229) { e.preventDefault(); form.requestSubmit(); }
  });
  form.addEventListener("submit", (e) => {
    e.preventDefault();
    const words = text.value;
    if (!words.trim() || send.disabled || Array.from(words).length > maxRunes) return;
    text.value = "";
    grow();
    ask(words);
  });
  // some keyboards still insert the line break of the Enter that was taken
  text.addEventListener("beforeinput", (e) => { if (e.inputType === "insertLineBreak" && text.value === "") e.preventDefault(); });
  for (const b of document.querySelectorAll(".suggestions button, .choices button")) {
    b.addEventListener("click", (e) => { e.preventDefault(); ask(b.value); });
  }
  $("clear").addEventListener("click", () => {
    turns = [];
    remember(sessionStorage, "turns", "[]");
    log.replaceChildren();
    $("hello").hidden = false;
    $("clear").hidden = true;
    text.focus();
  });
  if (turns.length) {
    started();
    for (const [q, a] of turns) { showQuestion(q); showAnswer(a); }
    log.lastElementChild.scrollIntoView({ block: "end" });
  }
})();
