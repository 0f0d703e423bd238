// Shows the cloud's state: polls it twice a second. The chart is of the last
// minute as the cloud remembers it; the rates of groups and targets are made of
// their totals here.
const period = 500; // milliseconds between two looks
const span = 60_000; // what the chart shows
const smooth = 3_000; // over which a rate is taken
const samples = []; // {at, groups: Map(name -> requests), targets: Map(key -> requests)}
const tints = new Map();

const $ = (id) => document.getElementById(id);

// el makes an element; text is always text, never markup.
function el(name, className, ...children) {
  const node = document.createElement(name);
  if (className) node.className = className;
  node.append(...children.filter((c) => c !== null && c !== undefined && c !== ""));
  return node;
}

// Groups and versions have colours of their own, given in order of appearance,
// and never share one: a version moves from group to group.
const groupColours = ["t0", "t1", "t4"];
const versionColours = ["t2", "t3", "t5", "t6"];

function giveColours(state) {
  state.target_groups.forEach((g, i) => tints.set("group " + g.name, groupColours[i % groupColours.length]));
  state.versions.forEach((v, i) => tints.set("version " + v, versionColours[i % versionColours.length]));
}

const versionTint = (v) => tints.get("version " + v) || "";
const groupTint = (g) => tints.get("group " + g) || "";
const percent = (part, whole) => (whole > 0 ? Math.round((100 * part) / whole) + "%" : "–");
const rateText = (r) => (r >= 9.95 ? Math.round(r).toString() : r > 0 ? r.toFixed(1) : "0");
const sum = (values) => [...values].reduce((a, b) => a + b, 0);

function remember(state) {
  const sample = { at: state.now, groups: new Map(), targets: new Map() };
  for (const group of state.target_groups) {
    sample.groups.set(group.name, group.requests);
    for (const t of group.targets) sample.targets.set(group.name + " " + t.id, t.requests);
  }
  samples.push(sample);
  while (samples.length > 2 && samples[1].at <= state.now - smooth) samples.shift();
}

// rates are taken between the oldest remembered sample and the newest.
function rates() {
  const first = samples[0];
  const last = samples[samples.length - 1];
  const seconds = Math.max((last.at - first.at) / 1000, 0.001);
  const gains = (now, before) => new Map([...now].map(([key, n]) => [key, Math.max(0, n - (before.get(key) || 0)) / seconds]));
  return { known: samples.length > 1, groups: gains(last.groups, first.groups), targets: gains(last.targets, first.targets) };
}

// averages makes of the remembered points rates per second over the last moments.
function averages(points) {
  return points.map((p, i) => {
    const window = points.slice(0, i + 1).filter((q) => q.at > p.at - smooth);
    const seconds = Math.max(sum(window.map((q) => q.took)) / 1000, 0.001);
    const versions = new Map();
    for (const q of window) for (const [v, n] of Object.entries(q.versions)) versions.set(v, (versions.get(v) || 0) + n / seconds);
    return { at: p.at, versions, errors: sum(window.map((q) => q.errors)) / seconds };
  });
}

// scale is a round height of the chart and the distance of its lines.
function scale(peak) {
  const magnitude = 10 ** Math.floor(Math.log10(peak / 3));
  const step = [1, 2, 5, 10].map((n) => n * magnitude).find((n) => peak / n <= 4);
  return { top: step * Math.ceil((peak * 1.02) / step), step };
}

function shape(tag, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

function drawChart(state, history) {
  const width = 600, height = 150;
  const versions = state.versions.filter((v) => history.some((h) => h.versions.has(v)));
  const { top, step } = scale(Math.max(1, ...history.map((h) => sum(h.versions.values()))));
  const lines = Array.from({ length: Math.round(top / step) }, (_, i) => (i + 1) * step);
  const x = (at) => (width * (1 - (state.now - at) / span)).toFixed(1);
  const y = (rate) => (height * (1 - rate / top)).toFixed(1);
  const moments = history.length ? [...history, { ...history[history.length - 1], at: state.now }] : [];
  const shapes = lines.map((rate) => shape("line", { class: "grid", x1: 0, x2: width, y1: y(rate), y2: y(rate) }));
  const base = moments.map(() => 0);
  for (const version of versions) {
    const lower = moments.map((h, i) => x(h.at) + "," + y(base[i]));
    moments.forEach((h, i) => { base[i] += h.versions.get(version) || 0; });
    const upper = moments.map((h, i) => x(h.at) + "," + y(base[i]));
    shapes.push(shape("polygon", { class: versionTint(version), points: [...upper, ...lower.reverse()].join(" "), opacity: 0.85 }));
  }
  if (moments.some((h) => h.errors > 0)) {
    const points = moments.map((h) => x(h.at) + "," + y(h.errors)).join(" ");
    shapes.push(shape("polyline", { class: "halo", points }), shape("polyline", { class: "errors", points }));
  }
  $("chart").replaceChildren(...shapes);
  $("scale").replaceChildren(...lines.map((rate) => {
    const label = el("span", "", rateText(rate));
    label.style.setProperty("top", (100 * y(rate)) / height + "%");
    return label;
  }));
  drawLegend(versions, history);
}

function drawLegend(versions, history) {
  const current = history[history.length - 1] || { versions: new Map(), errors: 0 };
  const total = sum(current.versions.values());
  const item = (tint, name, value) => el("li", "", el("span", "swatch " + tint), name, el("b", "", value));
  $("legend").replaceChildren(
    ...versions.map((v) => item(versionTint(v), v, percent(current.versions.get(v) || 0, total))),
    item("terr", "errors", rateText(current.errors) + "/s"),
  );
}

function drawFacts(state, history) {
  $("rate").textContent = rateText(sum(history[history.length - 1]?.versions.values() || []));
  const answers = (code) => sum(state.target_groups.map((g) => g.answers[code] || 0));
  const facts = [
    ["Errors of the application", answers("5xx")],
    ["Errors of routing", state.errors.routing || 0],
    ["Errors of targets", state.errors.target || 0],
    ["API calls", state.calls],
  ];
  $("facts").replaceChildren(...facts.flatMap(([name, n]) => [
    el("dt", "", name), el("dd", n > 0 && name.startsWith("Errors") ? "bad" : "", n.toLocaleString("en")),
  ]));
  $("where").textContent = `${state.region} · account ${state.account}`;
}

function drawRules(state) {
  const rules = state.load_balancers.flatMap((lb) => lb.rules.map((rule) => ({ lb, rule })));
  $("rules").replaceChildren(...(rules.length ? rules.map(drawRule) : [el("p", "panel empty", "There is no load balancer.")]));
}

function drawRule({ lb, rule }) {
  const whole = sum(rule.weights.map((w) => w.weight));
  const head = el("p", "rule-head",
    el("b", "", lb.name), el("span", "", `port ${rule.port}`),
    el("span", "", rule.priority === "default" ? "default rule" : `rule ${rule.priority}`),
    ...rule.conditions.map((c) => el("code", "", c)),
    rule.address ? el("code", "", "http://" + rule.address) : "");
  if (!whole) return el("div", "panel rule", head, el("div", "bar idle", "no weight anywhere"));
  const bar = el("div", "bar");
  for (const w of rule.weights.filter((w) => w.weight > 0)) {
    const part = el("i", "part " + groupTint(w.target_group));
    part.style.setProperty("flex-grow", w.weight);
    bar.append(part);
  }
  const legend = el("ul", "legend", ...rule.weights.map((w) =>
    el("li", "", el("span", "swatch " + groupTint(w.target_group)), w.target_group, el("b", "", percent(w.weight, whole)))));
  return el("div", "panel rule", head, bar, legend);
}

const byAddress = (targets) => [...targets].sort((a, b) => a.id.localeCompare(b.id, "en", { numeric: true }));

const health = { healthy: "good", initial: "warn", draining: "hollow", unhealthy: "bad", unavailable: "bad", unused: "hollow" };

function drawGroup(group, rate, total) {
  const own = rate.groups.get(group.name) || 0;
  const healthy = group.targets.filter((t) => t.state === "healthy").length;
  const errors = group.answers["5xx"] || 0;
  const number = (name, value, bad) => el("div", "", el("dt", "", name), el("dd", bad ? "bad" : "", value));
  const rateOr = (value) => (rate.known ? value : "–");
  return el("article", "panel card",
    el("header", "card-head", el("h3", "", el("span", "swatch " + groupTint(group.name)), group.name), el("p", "", group.load_balancer ? "behind " + group.load_balancer : "no load balancer")),
    el("dl", "numbers",
      number("requests/s", rateOr(rateText(own))),
      number("share", rateOr(percent(own, total))),
      number("healthy", `${healthy}/${group.targets.length}`, group.targets.length > 0 && healthy === 0),
      number("5xx", errors.toLocaleString("en"), errors > 0)),
    group.targets.length === 0 ? el("p", "empty", "No targets.") : el("ul", "targets", ...byAddress(group.targets).map((t) => {
      const state = el("span", "state " + (health[t.state] || ""), t.state);
      if (t.reason) state.title = t.reason;
      return el("li", "",
        t.version ? el("span", "version " + versionTint(t.version), t.version) : el("span", "", "–"),
        el("code", "", t.id), state,
        el("span", "rate", rateOr(rateText(rate.targets.get(group.name + " " + t.id) || 0) + "/s")));
    })));
}

const statuses = { PRIMARY: "good", ACTIVE: "good", DRAINING: "hollow", INACTIVE: "hollow" };

const columns = ["Status", "Role", "Version", "Target group", "Scale", "Running", "State", "Task set"];

function drawTaskSet(set) {
  const meter = el("span", "meter " + versionTint(set.version), el("i", "w" + Math.round(set.scale / 10) * 10));
  const cells = [
    el("span", "state " + (statuses[set.status] || ""), set.status),
    set.role || "–",
    el("span", "version " + versionTint(set.version), set.version),
    set.target_group ? el("span", "", el("span", "swatch " + groupTint(set.target_group)), set.target_group) : "–",
    el("span", "", meter, set.scale + "%"),
    `${set.running} of ${set.desired}` + (set.pending ? `, ${set.pending} starting` : ""),
    el("span", "state " + (set.steady ? "good" : "warn"), set.steady ? "steady" : set.status === "DRAINING" ? "draining" : "stabilizing"),
    el("code", "", "…" + set.id.slice(-4)),
  ];
  return el("tr", "", ...cells.map((content, i) => {
    const cell = el("td", "", content);
    cell.dataset.name = columns[i]; // shown where the table has no head
    return cell;
  }));
}

function drawService(svc) {
  return el("article", "panel service",
    el("header", "service-head", el("h3", "", svc.name), el("p", "", `cluster ${svc.cluster}`),
      el("p", "", `${svc.running} running, ${svc.pending} pending, ${svc.desired} desired`),
      el("span", "state " + (statuses[svc.status] || ""), svc.status)),
    svc.task_sets.length === 0 ? el("p", "empty", "No task sets.") : el("div", "scroll", el("table", "",
      el("thead", "", el("tr", "", ...columns.map((c) => el("th", "", c)))),
      el("tbody", "", ...svc.task_sets.map(drawTaskSet)))),
    svc.events.length === 0 ? "" : el("ul", "events", ...svc.events.map((e) => {
      const time = el("time", "", new Date(e.at).toLocaleTimeString("en-GB"));
      time.dateTime = e.at;
      return el("li", "", time, el("span", "", shorten(e.message)));
    })));
}

// shorten leaves out of an event what its place on the page says already.
function shorten(message) {
  return message
    .replace(/^\(service [^,)]+\) /, "service ")
    .replace(/^\(service [^,)]+, taskSet [^)]*(\d{4})\) /, "task set …$1 ")
    .replace(/\(task ([0-9a-f]{8})[0-9a-f]+\)/g, "$1")
    .replace(/\(target-group [^)]*:targetgroup\/([^/)]+)[^)]*\)/g, "$1");
}

function draw(state) {
  giveColours(state);
  remember(state);
  const rate = rates();
  const history = averages(state.history);
  drawFacts(state, history);
  drawChart(state, history);
  drawRules(state);
  $("groups").replaceChildren(...state.target_groups.map((g) => drawGroup(g, rate, sum(rate.groups.values()))));
  drawServices(state.services);
}

// drawServices keeps the place to which the reader has scrolled the events.
function drawServices(services) {
  const places = [...document.querySelectorAll(".events")].map((e) => e.scrollTop);
  $("services").replaceChildren(...(services.length ? services.map(drawService) : [el("p", "panel empty", "There is no service yet. The first deployment creates it.")]));
  document.querySelectorAll(".events").forEach((e, i) => { e.scrollTop = places[i] || 0; });
}

function announce(on, text) {
  $("live").className = "live " + (on ? "on" : "off");
  if ($("live-text").textContent !== text) $("live-text").textContent = text;
}

async function look() {
  try {
    const answer = await fetch("api/state", { signal: AbortSignal.timeout(5000) });
    if (!answer.ok) throw new Error("status " + answer.status);
    draw(await answer.json());
    announce(true, "live");
  } catch (error) {
    announce(false, "the cloud does not answer");
    console.warn(error);
  }
  setTimeout(look, document.hidden ? 4 * period : period);
}

look();
