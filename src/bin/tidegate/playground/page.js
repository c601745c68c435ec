"use strict";
// Everything that comes from packs and messages is set as text, never as markup.
const SAY = {
  en: {
    title: "tidegate playground", skip: "Skip to the messages", playground: "playground", base: "Base library", scene: "Scene",
    private: "private", group: "group", open_group: "open group", channel: "channel", profile: "profile", conversation: "Conversation",
    pack: "Pack", problems: "Problems", samples: "Samples", messages: "Messages, one a line",
    footer: "Nothing is stored, and nothing leaves this machine.", other: "中文", otherLang: "zh",
    keys: [["Ctrl", "Enter"], " try now  ", ["F8"], " next problem  ", ["F6"], " pack or messages"],
    noProblems: "None: the pack can be used.", unusable: "cannot be used", usable: "can be used", line: "line",
    problemCount: (e, w) => `${e} ${e === 1 ? "error" : "errors"}, ${w} ${w === 1 ? "warning" : "warnings"}`,
    heldCount: (h, n) => `${h} of ${n} held`, sampleCount: (h, f) => `${h} held, ${f} failed`, untested: n => `${n} ${n === 1 ? "term is" : "terms are"} in no sample`,
    act: { pass: "pass", mask: "mask", review: "review", block: "block" }, shadow: "in shadow", nothing: "no rule fires",
    read: "How it is read", decoded: "with escapes decoded", asL: "with look-alikes of i and l as l", folded: "folded", skeleton: "skeleton",
    character: "character", bytes: "bytes", steps: "steps", looks: "looks like", left: "nothing",
    candidates: "Candidates", term: "term", place: "in the text", outcome: "outcome", found: "found", covered: "found, and another hit of it is there",
    more: n => `and ${n} more`, hits: "Hits", list: "list", variants: "disguise", plain: "none", rules: "Rules", noRule: "No rule was touched.",
    bystanders: n => `${n} ${n === 1 ? "rule" : "rules"} saw only hits of other rules, and did not fire`,
    fires: "fires", silent: "does not fire", lower: "lowered to", lowerHeld: "lower holds", lowerNot: "lower does not hold", when: "when", unless: "unless",
    inScene: "not in this scene", inEffect: "not in effect at this time", rollout: p => `in ${p}% of the conversations`, rolled: "this one is among them", notRolled: "not in this one: in shadow",
    listed: "listed", inForce: "in force", notInForce: "not in force at this time", notHeeded: "not among the jurisdictions",
    removed: (hit, by) => `${hit} does not count inside the exception ${by}`, apart: n => `the nearest are ${n} ${n === 1 ? "unit" : "units"} apart`,
    partial: "not looked at completely", decidedBy: "decided by", masked: "delivered as", failed: "No answer", tooMuch: "The server refused it",
    sample: { silent: "the rule does not fire", fires: "the rule fires", promote: "the rule fires by now: move the sample to `match`",
      action: s => `the rule asks for ${s.found}, not for ${s.expected}`, partial: "the text was not looked at completely" },
    alone: "the pack cannot be used: by the base library alone", by_none: "the pack cannot be used: by no rule",
    miss: { letter: "another letter stands where the term goes on", gap: "the gap is one that ordinary prose has, or too long, or the term does not take gaps",
      stretch: "the letter is doubled as ordinary words double it", "left-border": "it begins inside a word", "right-border": "it ends inside a word",
      grapheme: "it would begin or end inside a character" },
  },
  zh: {
    title: "tidegate 规则试验台", skip: "跳到消息", playground: "规则试验台", base: "基础库", scene: "场景",
    private: "私聊", group: "群聊", open_group: "开放群", channel: "频道", profile: "资料", conversation: "会话",
    pack: "规则包", problems: "问题", samples: "样例", messages: "消息，每行一条",
    footer: "不保存任何内容，也没有任何内容离开本机。", other: "English", otherLang: "en",
    keys: [["Ctrl", "Enter"], " 立即试用  ", ["F8"], " 下一个问题  ", ["F6"], " 规则包或消息"],
    noProblems: "没有问题，规则包可用。", unusable: "不可用", usable: "可用", line: "行",
    problemCount: (e, w) => `${e} 个错误，${w} 个警告`, heldCount: (h, n) => `${n} 条中拦下 ${h} 条`,
    sampleCount: (h, f) => `${h} 个通过，${f} 个失败`, untested: n => `${n} 个词没有样例`,
    act: { pass: "放行", mask: "打码", review: "送审", block: "拦截" }, shadow: "影子规则", nothing: "没有规则命中",
    read: "如何读取", decoded: "转义解码后", asL: "形似 i 或 l 的字符读作 l", folded: "折叠后", skeleton: "骨架",
    character: "字符", bytes: "字节", steps: "步骤", looks: "形似", left: "无",
    candidates: "候选", term: "词", place: "原文", outcome: "结果", found: "命中", covered: "命中，该词在此另有命中",
    more: n => `另有 ${n} 个`, hits: "命中", list: "词表", variants: "伪装", plain: "无", rules: "规则", noRule: "没有规则被触及。",
    bystanders: n => `另有 ${n} 条规则只看到别的规则的命中，未命中`,
    fires: "命中", silent: "未命中", lower: "降为", lowerHeld: "lower 成立", lowerNot: "lower 不成立", when: "when", unless: "unless",
    inScene: "不适用于此场景", inEffect: "此时不在生效期", rollout: p => `在 ${p}% 的会话中生效`, rolled: "本会话在内", notRolled: "本会话不在内：只作影子规则",
    listed: "列名", inForce: "有效", notInForce: "此时无效", notHeeded: "不在所选法域",
    removed: (hit, by) => `${hit} 位于例外 ${by} 之内，不计`, apart: n => `最近的相隔 ${n} 个单位`,
    partial: "未完整检查", decidedBy: "判定依据", masked: "投递为", failed: "没有应答", tooMuch: "服务器拒绝",
    sample: { silent: "规则没有命中", fires: "规则命中了", promote: "规则现已命中：请把样例移到 `match`",
      action: s => `规则要求 ${s.found}，而不是 ${s.expected}`, partial: "文本未完整检查" },
    alone: "规则包不可用：只按基础库判定", by_none: "规则包不可用：没有规则参与判定",
    miss: { letter: "词的下一个字处是别的字", gap: "间隔是普通行文中会有的，或太长，或该词不允许间隔",
      stretch: "字母的重复与普通拼写无异", "left-border": "从单词中间开始", "right-border": "在单词中间结束", grapheme: "起止处会切开一个字符" },
  },
};
const START = ["Selling g.i.f.t c.a.r.d, message me", "出售礼*品*卡，私信我", "礼品卡发票请留存，有问题私信我", "Thanks for the gift card!", "我的电话 13800000000", "See you at eight."];
const $ = id => document.getElementById(id);
const pack = $("pack"), mirror = $("mirror"), gutter = $("gutter"), messages = $("messages");
let lang = navigator.language.startsWith("zh") ? "zh" : "en";
let last = null, asked = 0, problemAt = -1;
const say = () => SAY[lang];

function el(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "class") made.className = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value);
  }
  made.append(...children.flat().filter(child => child !== null && child !== undefined));
  return made;
}

// Places are bytes of UTF-8; the page counts in UTF-16.
function cutter(text) {
  const bytes = new TextEncoder().encode(text), decoder = new TextDecoder();
  return (from, to) => decoder.decode(bytes.subarray(from, to));
}
function indexer(text) {
  const cut = cutter(text);
  return at => cut(0, at).length;
}

function apply() {
  document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
  document.title = say().title;
  for (const marked of document.querySelectorAll("[data-say]")) marked.textContent = say()[marked.dataset.say];
  $("lang").textContent = say().other;
  $("lang").lang = say().otherLang;
  $("keys").replaceChildren(...say().keys.flatMap(piece => typeof piece === "string" ? [piece] : piece.map((key, at) => [at ? "+" : "", el("kbd", {}, key)]).flat()));
  if (last) draw(last);
}

function lines() {
  return messages.value.split("\n").map(line => line.trimEnd()).filter(line => line !== "");
}

async function ask() {
  const turn = ++asked, source = pack.value, texts = lines().slice(0, 100);
  try {
    const answer = await fetch("/try", {
      method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ pack: source, messages: texts, scene: $("scene").value, conversation: $("conversation").value, base: $("base").checked }),
    });
    // A later question may have been answered before.
    if (turn !== asked) return;
    if (!answer.ok) throw new Error(`${say().tooMuch}: ${(await answer.text()).trim()}`);
    last = { source, texts, base: $("base").checked, ...(await answer.json()) };
    draw(last);
  } catch (error) {
    if (turn === asked) tell($("pack-state"), error instanceof TypeError ? say().failed : error.message, "bad");
  }
}

let timer = 0;
function soon() {
  clearTimeout(timer);
  timer = setTimeout(ask, 250);
}

function tell(where, text, tone) {
  where.textContent = text;
  where.className = `state ${tone}`;
}

function draw(answer) {
  drawEditor(answer);
  drawProblems(answer);
  drawSamples(answer);
  drawResults(answer);
  const errors = answer.problems.filter(problem => problem.level === "error").length;
  const warnings = answer.problems.length - errors;
  const held = answer.messages.filter(message => ["review", "block"].includes(message.verdict.action)).length;
  tell($("pack-state"), `${answer.usable ? say().usable : say().unusable} · ${say().problemCount(errors, warnings)}`, answer.usable ? "good" : "bad");
  const counted = say().heldCount(held, answer.messages.length);
  const alone = answer.usable ? "" : `${answer.base ? say().alone : say().by_none} · `;
  tell($("messages-state"), alone + counted, "");
  $("status").textContent = `${$("pack-state").textContent}. ${$("messages-state").textContent}.`;
}

function drawEditor(answer) {
  const text = pack.value, fresh = answer && answer.source === text;
  const problems = fresh ? answer.problems : [];
  const at = indexer(text);
  const spans = problems.map(problem => ({ from: at(problem.start), to: at(problem.end), level: problem.level }))
    .sort((a, b) => a.from - b.from || b.to - a.to);
  const pieces = [];
  let done = 0;
  for (const span of spans) {
    const from = Math.max(span.from, done);
    pieces.push(text.slice(done, from));
    if (span.to > from) pieces.push(el("span", { class: span.level }, text.slice(from, span.to)));
    else if (span.from === span.to) pieces.push(el("span", { class: "point" }));
    done = Math.max(done, span.to, from);
  }
  pieces.push(text.slice(done), "\n");
  mirror.replaceChildren(...pieces);
  const worst = new Map();
  for (const problem of problems) if (worst.get(problem.line) !== "error") worst.set(problem.line, problem.level);
  const numbers = [];
  const count = text.split("\n").length;
  for (let line = 1; line <= count; line += 1) {
    const level = worst.get(line);
    numbers.push(level ? el(level === "error" ? "b" : "i", {}, `● ${line}\n`) : `${line}\n`);
  }
  numbers.push("\n\n");
  gutter.replaceChildren(...numbers);
  scrolled();
}

function scrolled() {
  mirror.scrollTop = pack.scrollTop;
  mirror.scrollLeft = pack.scrollLeft;
  gutter.scrollTop = pack.scrollTop;
}

function jump(from, to) {
  pack.focus();
  pack.setSelectionRange(from, to);
  const line = pack.value.slice(0, from).split("\n").length;
  const height = parseFloat(getComputedStyle(pack).lineHeight);
  pack.scrollTop = Math.max(0, (line - 4) * height);
  scrolled();
}

function drawProblems(answer) {
  const at = indexer(answer.source);
  const list = answer.problems.map(problem => {
    const zh = lang === "zh";
    const help = zh ? problem.help_zh : problem.help;
    return el("li", { class: problem.level },
      el("button", { type: "button", onclick: () => jump(at(problem.start), at(problem.end)) },
        el("span", { class: "where" }, `${problem.line}:${problem.column}`),
        el("span", { class: "what" }, zh ? problem.message_zh : problem.message, " ", el("code", {}, problem.code)),
        help ? el("span", { class: "help" }, help) : null));
  });
  $("problems").replaceChildren(...(list.length ? list : [el("li", { class: "none" }, say().noProblems)]));
}

function reason(sample) {
  const said = say().sample[sample.why];
  return typeof said === "function" ? said(sample) : said;
}

function drawSamples(answer) {
  const { held, failed, untested } = answer.samples;
  const at = indexer(answer.source);
  const rows = failed.map(sample => el("li", { class: "error" },
    el("button", { type: "button", onclick: () => jump(at(sample.start), at(sample.end)) },
      el("span", { class: "where" }, sample.kind),
      el("span", { class: "what" }, sample.text),
      el("span", { class: "help" }, `${sample.rule}: ${reason(sample)}`))));
  const said = say().sampleCount(held, failed.length) + (untested ? ` · ${say().untested(untested)}` : "");
  $("samples").replaceChildren(el("p", { class: "none" }, answer.usable ? said : "—"), el("ul", { class: "list" }, rows));
}

// The text in pieces between the borders of all spans, each with the spans that hold it.
function marked(text, hits, findings) {
  const cut = cutter(text), end = new TextEncoder().encode(text).length;
  const on = findings.flatMap(finding => finding.spans.map(span => ({ ...span, action: finding.action })));
  // A hit that no finding counts, inside one that does, would only cut its mark in two.
  const inside = (at, span) => span.start < at && at < span.end;
  const free = hits.flatMap(hit => [hit.span.start, hit.span.end]).filter(at => !on.some(span => inside(at, span)));
  const borders = [...new Set([0, end, ...free, ...on.flatMap(span => [span.start, span.end])])].sort((a, b) => a - b);
  const strength = ["pass", "mask", "review", "block"];
  return borders.slice(1).map((to, nth) => {
    const from = borders[nth], piece = cut(from, to);
    const firing = on.filter(span => span.start <= from && to <= span.end);
    const lying = hits.filter(hit => hit.span.start < to && from < hit.span.end);
    if (!firing.length && !lying.length) return piece;
    const action = firing.map(span => span.action).sort((a, b) => strength.indexOf(b) - strength.indexOf(a))[0];
    const terms = [...new Set([...firing.map(span => span.term), ...lying.map(hit => hit.term)])].join(", ");
    return el("mark", { class: action ? `on ${action}` : "", title: terms }, piece);
  });
}

function drawResults(answer) {
  const open = new Set([...$("results").children].map((card, at) => card.open ? at : -1));
  $("results").replaceChildren(...answer.messages.map((message, nth) => {
    const { verdict } = message, text = answer.texts[nth];
    const all = [...verdict.findings, ...verdict.shadow];
    const names = [...verdict.findings.map(finding => finding.rule), ...verdict.shadow.map(finding => `${finding.rule} (${say().shadow})`)];
    if (verdict.coverage !== "complete") names.push(`${say().partial}: ${verdict.coverage}`);
    if (verdict.masked !== null) names.push(`${say().masked} ${verdict.masked}`);
    const card = el("details", { class: `card ${verdict.action}` },
      el("summary", {},
        el("span", { class: `chip ${verdict.action}` }, say().act[verdict.action]),
        el("span", { class: "message" }, marked(text, message.hits, all)),
        el("span", { class: "by" }, names.join(" · ") || say().nothing)));
    const fill = () => { if (card.open && card.children.length === 1) card.append(why(answer, message, text)); };
    card.addEventListener("toggle", fill);
    card.open = open.has(nth);
    fill();
    return card;
  }));
}

function why(answer, message, text) {
  const cut = cutter(text), words = say();
  const shown = message.views.flatMap((view, nth) => {
    const how = [view.decoded ? words.decoded : null, view.as_l ? words.asL : null].filter(Boolean).join(", ");
    const parts = [el("h4", {}, how ? `${words.read}: ${how}` : words.read),
      el("dl", {}, el("dt", {}, words.folded), el("dd", {}, view.folded), el("dt", {}, words.skeleton), el("dd", {}, view.skeleton))];
    const before = message.views.slice(0, nth).flatMap(other => other.changed.map(cluster => JSON.stringify(cluster)));
    const seen = new Set(before);
    const changed = view.changed.filter(cluster => {
      const same = JSON.stringify(cluster);
      const plain = !cluster.look && cluster.steps.length === 1 && cluster.steps[0].stage === "case";
      return !plain && !seen.has(same) && seen.add(same);
    });
    if (changed.length) {
      parts.push(el("div", { class: "scroll" }, el("table", {},
        el("tr", {}, [words.character, words.bytes, words.steps].map(word => el("th", {}, word))),
        changed.slice(0, 40).map(cluster => {
          const original = cut(cluster.span.start, cluster.span.end);
          const bytes = [...new TextEncoder().encode(original)].map(byte => byte.toString(16).padStart(2, "0")).join(" ");
          const steps = cluster.steps.map(step => `${step.stage} → ${step.text || words.left}`);
          if (cluster.look) steps.push(`${words.looks} ${cluster.look}`);
          return el("tr", {}, el("td", {}, original), el("td", { class: "mono" }, bytes), el("td", {}, steps.join("   ")));
        }))));
    }
    if (view.candidates.length) {
      parts.push(el("h4", {}, words.candidates), el("div", { class: "scroll" }, el("table", {},
        el("tr", {}, ["", words.term, words.place, words.outcome].map(word => el("th", {}, word))),
        view.candidates.map(candidate => {
          const missed = candidate.outcome.missed;
          return el("tr", {}, tick(!missed, "td"), el("td", {}, candidate.term), el("td", {}, cut(candidate.span.start, candidate.span.end)),
            el("td", {}, missed ? words.miss[missed] : words[candidate.outcome]));
        }), view.more ? el("tr", {}, el("td", { colspan: 4 }, words.more(view.more))) : null)));
    }
    return parts;
  });
  const hits = message.hits.length ? [el("h4", {}, words.hits), el("div", { class: "scroll" }, el("table", {},
    el("tr", {}, [words.term, words.place, words.list, words.variants].map(word => el("th", {}, word))),
    message.hits.map(hit => el("tr", {}, el("td", {}, hit.term), el("td", {}, `${cut(hit.span.start, hit.span.end)} (${hit.span.start}..${hit.span.end})`),
      el("td", {}, hit.lists.join(", ")), el("td", {}, hit.variants.join(", ") || words.plain)))))] : [];
  const titles = new Map(answer.titles);
  const firing = [...message.rules].sort((a, b) => b.fired - a.fired);
  const rules = firing.flatMap(rule => ruleTree(rule, message, titles.get(rule.rule)));
  return el("div", { class: "why" }, shown, hits, el("h4", {}, words.rules), rules.length ? rules : el("p", { class: "none" }, words.noRule),
    message.bystanders ? el("p", { class: "hint" }, words.bystanders(message.bystanders)) : null,
    el("p", { class: "hint" }, `${words.decidedBy} `, el("code", {}, message.verdict.ruleset)));
}

function tick(held, tag) {
  return el(tag || "span", { class: held ? "yes" : "no" }, held ? "✓ " : "✗ ");
}

function ruleTree(rule, message, title) {
  const words = say();
  const finding = [...message.verdict.findings, ...message.verdict.shadow].find(found => found.rule === rule.rule);
  const rows = [];
  if (!rule.in_scene) rows.push(el("li", {}, tick(false), words.inScene));
  if (!rule.in_effect) rows.push(el("li", {}, tick(false), words.inEffect));
  if (rule.rollout < 10000) rows.push(el("li", {}, tick(rule.rolled_out), `${words.rollout(rule.rollout / 100)}, ${rule.rolled_out ? words.rolled : words.notRolled}`));
  for (const listing of rule.listings) {
    const counts = listing.in_force && listing.heeded;
    rows.push(el("li", {}, tick(counts), `${words.listed}: ${listing.list} ${listing.reference}, ${counts ? words.inForce : listing.in_force ? words.notHeeded : words.notInForce}`));
  }
  rows.push(condition(rule.when, message, ""));
  for (const removed of rule.removed) rows.push(el("li", {}, words.removed(message.hits[removed.hit].term, message.hits[removed.by].term)));
  if (rule.lower && rule.when.held) {
    rows.push(el("li", {}, tick(rule.lower.held), `${rule.lower.held ? words.lowerHeld : words.lowerNot} (${words.lower} ${rule.lower.to})`,
      el("ul", {}, condition(rule.lower.when, message, words.when), rule.lower.unless ? condition(rule.lower.unless, message, words.unless) : null)));
  }
  const action = finding ? el("span", { class: `chip ${finding.action}` }, say().act[finding.action]) : null;
  return [el("p", { class: "rule" }, tick(rule.fired), rule.rule, " ", action, " ",
    el("small", {}, [title, rule.fired ? words.fires : words.silent, rule.shadow ? words.shadow : null].filter(Boolean).join(" · "))), el("ul", { class: "tree" }, rows)];
}

function condition(node, message, word) {
  const words = say();
  const hits = node.members.length ? [] : [...new Set(node.hits.map(hit => message.hits[hit].term))];
  const more = [hits.length ? `: ${hits.join(", ")}` : "", !node.held && node.nearest !== null ? ` — ${words.apart(node.nearest)}` : ""].join("");
  return el("li", {}, tick(node.held), word ? `${word} ` : "", el("code", {}, node.says), more,
    node.members.length ? el("ul", {}, node.members.map(member => condition(member, message, ""))) : null);
}

pack.addEventListener("input", () => { drawEditor(last); soon(); });
pack.addEventListener("scroll", scrolled);
for (const id of ["messages", "conversation"]) $(id).addEventListener("input", soon);
for (const id of ["scene", "base"]) $(id).addEventListener("change", ask);
$("lang").addEventListener("click", () => { lang = say().otherLang; apply(); });
document.addEventListener("keydown", event => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    clearTimeout(timer);
    ask();
    event.preventDefault();
  } else if (event.key === "F6") {
    (document.activeElement === pack ? messages : pack).focus();
    event.preventDefault();
  } else if (event.key === "F8" && last && last.problems.length) {
    problemAt = (problemAt + (event.shiftKey ? last.problems.length - 1 : 1)) % last.problems.length;
    const at = indexer(last.source), problem = last.problems[problemAt];
    jump(at(problem.start), at(problem.end));
    event.preventDefault();
  }
});
pack.value = JSON.parse($("start").textContent);
messages.value = START.join("\n");
apply();
drawEditor(null);
ask();
