"use strict";
// Shows what the server tells (server-sent events) and sends back what is done.
const $ = (s, e = document) => e.querySelector(s);
const all = (s, e = document) => [...e.querySelectorAll(s)];
const el = (tag, cls, text) => { const e = document.createElement(tag); if (cls) e.className = cls; if (text !== undefined) e.textContent = text; return e; };
const narrow = matchMedia("(max-width: 44rem)");
const shown = new Map(), whens = {}, unread = {};
let current = "wechat", toasting, live = false; // live: past what was said before the page opened

async function act(what) {
  try {
    const r = await fetch("/act", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(what) });
    if (!r.ok) toast(await r.text());
    return r.ok;
  } catch { toast("演示台没有应答，它还在运行吗？"); }
  return false;
}
function toast(text) {
  const t = $("#toast");
  t.textContent = text; t.hidden = false;
  clearTimeout(toasting);
  toasting = setTimeout(() => { t.hidden = true; }, 3500);
}

// words fills an element with a text: the number and the source small, mentions marked.
function words(into, text) {
  const lines = text.split("\n");
  const number = /^编号 ?\S+$/.test(lines.at(-1)) ? lines.pop() : "";
  for (let line of lines) {
    if (!line.trim()) continue;
    const row = el("span", /^来源：/.test(line) ? "line source" : "line");
    const at = line.match(/^@\S+/);
    if (at) { row.append(el("span", "mention", at[0])); line = line.slice(at[0].length); }
    row.append(line);
    into.append(row);
  }
  if (number) into.append(el("span", "number", number));
}

function bubble(b) {
  const talk = $("#talk-" + b.phone);
  if (!talk) return;
  const li = el("li", "turn " + b.side + (live ? " fresh" : ""));
  li.dataset.n = b.n;
  if (b.side === "note") { li.className = "note"; li.textContent = b.text; }
  else {
    li.append(el("i", "face", b.face));
    const body = el("div", "body");
    if (b.name && (b.phone === "group" || b.phone === "seat" || b.name !== "惠问")) body.append(el("span", "name", b.name));
    const box = el("div", "bubble");
    if (b.card) {
      box.classList.add("card");
      if (b.title) box.append(el("div", "head", b.title));
      const text = el("div", "text"); words(text, b.text); box.append(text);
      if (b.buttons) {
        const row = el("div", "buttons");
        b.buttons.forEach((w, i) => row.append(press(b, i, w)));
        box.append(row);
      }
      if (b.done) box.append(el("div", "done", b.done));
    } else {
      if (b.title) box.append(el("b", "", b.title + "\n"));
      words(box, b.text);
    }
    if (b.menu) {
      const menu = el("div", "menu");
      b.menu.forEach((w, i) => menu.append(press(b, i, w)));
      box.append(menu);
    }
    body.append(box);
    if (b.via) body.append(el("span", "via", b.via));
    li.append(body);
  }
  const old = b.over && shown.get(b.over);
  if (old) { old.replaceWith(li); shown.set(b.over, li); }
  else {
    if (whens[b.phone] !== b.at) { whens[b.phone] = b.at; talk.append(el("li", "when", b.at)); }
    talk.append(li);
  }
  shown.set(b.n, li);
  talk.scrollTo({ top: b.side === "them" && li.offsetHeight > talk.clientHeight ? li.offsetTop - talk.offsetTop - 8 : talk.scrollHeight });
  if (live && narrow.matches && b.phone !== current && b.side === "them") { unread[b.phone] = (unread[b.phone] || 0) + 1; badges(); }
}
function press(b, item, label) {
  const e = el("button", "", label);
  e.type = "button";
  e.onclick = () => act({ act: "press", n: b.n, item, speaker: speaker(b.phone) });
  return e;
}
const speaker = phone => $("#unit-" + phone + " select")?.value || "";

function wire(w) {
  const li = el("li", w.bad ? "bad" : "");
  li.append(el("span", "", w.at), el("span", "", w.where), el("i", "", w.out ? "→" : "←"), el("b", "", w.what), el("em", "", w.result), el("span", "", w.millis ? w.millis + " 毫秒" : ""));
  const list = $("#wires");
  list.prepend(li);
  while (list.children.length > 120) list.lastChild.remove();
}

const seats = { 0: "机器人接待中", 1: "机器人接待中", 2: "正在排队，等人接待", 3: "我在接待，机器人不插话", 4: "会话已结束" };
function state(s) {
  live = true;
  $("#day").textContent = s.day;
  $("#clock").textContent = s.clock;
  all(".status .time").forEach(e => { e.textContent = s.clock; });
  const date = $("#date");
  date.min = s.date;
  if (!date.value || date.value < s.date) date.value = s.date;
  $("#winding").hidden = !s.winding;
  $("#winding").textContent = s.winding ? "正在拨到 " + s.winding + "，现在是 " + s.day : "";
  all("[data-wind], #jump").forEach(e => { e.disabled = !!s.winding; });
  $("#seat-state").textContent = seats[s.seat] || "";
  const c = $(".customer");
  c.classList.toggle("wanted", s.seat === 2);
  c.classList.toggle("mine", s.seat === 3);
  $("#take").disabled = s.seat === 3 || !s.present;
  $("#end").disabled = s.seat !== 3;
  $("#presence").textContent = s.present ? "在线" : "离开";
  $("#presence").classList.toggle("away", !s.present);
  all(".switch.stays").forEach(e => e.setAttribute("aria-pressed", String(!!s.on[e.dataset.trick])));
  $("#line").textContent = s.lines ? "长连接正常" : "长连接断开";
  $("#line").classList.toggle("down", !s.lines);
}

function badges() {
  all(".tab").forEach(t => {
    const n = unread[t.dataset.tab] || 0, e = $("em", t);
    e.hidden = !n; e.textContent = n;
    t.setAttribute("aria-current", String(t.dataset.tab === current));
  });
}
function show(phone) {
  current = phone; unread[phone] = 0; badges();
  const u = $("#unit-" + phone);
  $("#stage").scrollTo({ left: u.offsetLeft - parseFloat(getComputedStyle($("#stage")).paddingLeft), behavior: "instant" });
  const t = $("#talk-" + phone);
  t.scrollTo({ top: t.scrollHeight });
}

all(".tab").forEach(t => t.addEventListener("click", () => show(t.dataset.tab)));
all(".say").forEach(f => f.addEventListener("submit", async e => {
  e.preventDefault();
  const phone = f.closest(".unit").dataset.phone, text = f.text.value.trim();
  if (!text) return;
  f.text.value = "";
  if (!await act({ act: "say", phone, text, speaker: speaker(phone) }) && !f.text.value) f.text.value = text;
}));
all(".chip").forEach(c => c.addEventListener("click", () => {
  const phone = c.closest(".unit").dataset.phone;
  act({ act: "say", phone, text: c.textContent, speaker: speaker(phone) });
}));
all("[data-seat]").forEach(b => b.addEventListener("click", () => act({ act: "seat", text: b.dataset.seat })));
all("[data-trick]").forEach(b => b.addEventListener("click", () => {
  const on = b.getAttribute("aria-pressed") !== "true";
  act({ act: "trick", text: b.dataset.trick, on });
  b.classList.remove("hit"); void b.offsetWidth; b.classList.add("hit");
}));
all("[data-wind]").forEach(b => b.addEventListener("click", () => act({ act: "wind", days: Number(b.dataset.wind) })));
$("#jump").addEventListener("click", () => act({ act: "wind", to: $("#date").value }));
$("#open-dock").addEventListener("click", () => $("#dock").classList.toggle("open"));
$("#close-dock").addEventListener("click", () => $("#dock").classList.remove("open"));

const source = new EventSource("/events");
source.addEventListener("bubble", e => bubble(JSON.parse(e.data)));
source.addEventListener("wire", e => wire(JSON.parse(e.data)));
source.addEventListener("state", e => state(JSON.parse(e.data)));
badges();
