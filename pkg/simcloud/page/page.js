// Shows the cloud's state: polls it twice a second and makes rates of its totals.
const period = 500; // milliseconds between two looks
const span = 60_000; // what the chart shows
const smooth = 3_000; // over which a rate is taken
const samples = []; // {at, groups: Map(name -> requests), targets: Map(key -> {requests, version}), errors}
const history = []; // {at, versions: Map(version -> rate), errors: rate}
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
const versionColours = ["t2", "t3", "t5", "t4"];

function tint(kind, name, colours) {
  const key = kind + ":" + name;
  if (!tints.has(key)) {
    const used = [...tints.keys()].filter((k) => k.startsWith(kind + ":")).length;
    tints.set(key, colours[used % colours.length]);
  }
  return tints.get(key);
}

const versionTint = (v) => tint("version", v, versionColours);
const groupTint = (g) => tint("group", g, groupColours);
const percent = (part, whole) => (whole > 0 ? Math.round((100 * part) / whole) + "%" : "–");
const rateText = (r) => (r >= 9.95 ? Math.round(r).toString() : r > 0 ? r.toFixed(1) : "0");
const sum = (values) => [...values].reduce((a, b) => a + b, 0);

function remember(state) {
  const sample = { at: state.now, groups: new Map(), targets: new Map(), errors: sum(Object.values(state.errors)) };
  for (const group of state.target_groups) {
    sample.groups.set(group.name, group.requests);
    sample.errors += group.answers["5xx"] || 0;
    for (const t of group.targets) {
      sample.targets.set(group.name + " " + t.id, { requests: t.requests, version: t.version || "stopping" });
    }
  }
  samples.push(sample);
  while (samples.length > 2 && samples[1].at <= state.now - smooth) samples.shift();
}

// rates are taken between the oldest remembered sample and the newest.
function rates() {
  const first = samples[0];
  const last = samples[samples.length - 1];
  const seconds = Math.max((last.at - first.at) / 1000, 0.001);
  const gain = (now, before) => Math.max(0, now - (before || 0)) / seconds;
  const out = { groups: new Map(), targets: new Map(), versions: new Map(), errors: gain(last.errors, first.errors) };
  for (const [name, requests] of last.groups) out.groups.set(name, gain(requests, first.groups.get(name)));
  for (const [key, t] of last.targets) {
    const rate = gain(t.requests, first.targets.get(key)?.requests);
    out.targets.set(key, rate);
    out.versions.set(t.version, (out.versions.get(t.version) || 0) + rate);
  }
  return out;
}

function drawChart(now) {
  const width = 600, height = 150;
  const versions = [...new Set(history.flatMap((h) => [...h.versions.keys()]))];
  const peak = Math.max(1, ...history.map((h) => sum(h.versions.values()))) * 1.12;
  const x = (at) => (width * (1 - (now - at) / span)).toFixed(1);
  const y = (rate) => (height * (1 - rate / peak)).toFixed(1);
  const svg = $("chart");
  const shape = (tag, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };
  const shapes = [1, 2, 3].map((i) => shape("line", { class: "grid", x1: 0, x2: width, y1: (height * i) / 4, y2: (height * i) / 4 }));
  const base = history.map(() => 0);
  for (const version of versions) {
    const lower = history.map((h, i) => x(h.at) + "," + y(base[i]));
    history.forEach((h, i) => { base[i] += h.versions.get(version) || 0; });
    const upper = history.map((h, i) => x(h.at) + "," + y(base[i]));
    shapes.push(shape("polygon", { class: versionTint(version), points: [...upper, ...lower.reverse()].join(" "), opacity: 0.82 }));
  }
  if (history.some((h) => h.errors > 0)) {
    const points = history.map((h) => x(h.at) + "," + y(h.errors)).join(" ");
    shapes.push(shape("polyline", { class: "halo", points }), shape("polyline", { class: "errors", points }));
  }
  svg.replaceChildren(...shapes);
  $("peak").textContent = "full height " + rateText(peak) + "/s";
  const current = history[history.length - 1];
  const total = sum(current.versions.values());
  $("legend").replaceChildren(
    ...versions.map((v) => el("li", "", el("span", "swatch " + versionTint(v)), `${v}  ${percent(current.versions.get(v) || 0, total)}`)),
    el("li", "", el("span", "swatch terr"), `errors  ${rateText(current.errors)}/s`),
  );
}

function drawFacts(state, rate) {
  $("rate").textContent = rateText(sum(rate.groups.values()));
  const answers = (code) => sum(state.target_groups.map((g) => g.answers[code] || 0));
  const facts = [
    ["Errors of the application", answers("5xx")],
    ["Errors of routing", state.errors.routing || 0],
    ["Errors of targets", state.errors.target || 0],
    ["API calls", state.calls],
  ];
  $("facts").replaceChildren(...facts.flatMap(([name, n]) => [el("dt", "", name), el("dd", "", n.toLocaleString("en"))]));
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
  const bar = el("div", whole ? "bar" : "bar idle");
  if (!whole) bar.append("no weight anywhere");
  for (const w of rule.weights) {
    const part = el("div", `part ${groupTint(w.target_group)}${w.weight ? "" : " none"}`, w.weight ? `${w.target_group}  ${percent(w.weight, whole)}` : "");
    part.style.setProperty("flex-grow", w.weight);
    part.title = `${w.target_group}: weight ${w.weight}`;
    bar.append(part);
  }
  return el("div", "panel rule", head, bar);
}

const byAddress = (targets) => [...targets].sort((a, b) => a.id.localeCompare(b.id, "en", { numeric: true }));

const health = { healthy: "good", initial: "warn", draining: "hollow", unhealthy: "bad", unavailable: "bad", unused: "hollow" };

function drawGroup(group, rate, total) {
  const own = rate.groups.get(group.name) || 0;
  const healthy = group.targets.filter((t) => t.state === "healthy").length;
  const errors = group.answers["5xx"] || 0;
  const number = (name, value, bad) => el("div", "", el("dt", "", name), el("dd", bad ? "bad" : "", value));
  return el("article", "panel card " + groupTint(group.name),
    el("header", "card-head", el("h3", "", group.name), el("p", "", group.load_balancer ? "behind " + group.load_balancer : "no load balancer")),
    el("dl", "numbers",
      number("requests/s", rateText(own)),
      number("share", percent(own, total)),
      number("healthy", `${healthy}/${group.targets.length}`, group.targets.length > 0 && healthy === 0),
      number("5xx", errors.toLocaleString("en"), errors > 0)),
    group.targets.length === 0 ? el("p", "empty", "No targets.") : el("ul", "targets", ...byAddress(group.targets).map((t) => {
      const state = el("span", "state " + (health[t.state] || ""), t.state);
      if (t.reason) state.title = t.reason;
      return el("li", "",
        t.version ? el("span", "version " + versionTint(t.version), t.version) : el("span", "", "–"),
        el("code", "", t.id), state,
        el("span", "rate", rateText(rate.targets.get(group.name + " " + t.id) || 0) + "/s"));
    })));
}

const statuses = { PRIMARY: "good", ACTIVE: "good", DRAINING: "hollow", INACTIVE: "hollow" };

function drawTaskSet(set) {
  const meter = el("span", "meter " + versionTint(set.version), el("i", "w" + Math.round(set.scale / 10) * 10));
  const cell = (...children) => el("td", "", ...children);
  return el("tr", "",
    cell(el("span", "state " + (statuses[set.status] || ""), set.status)),
    cell(set.role || "–"),
    cell(el("span", "version " + versionTint(set.version), set.version)),
    cell(set.target_group || "–"),
    cell(meter, set.scale + "%"),
    cell(`${set.running} of ${set.desired}` + (set.pending ? `, ${set.pending} starting` : "")),
    cell(el("span", "state " + (set.steady ? "good" : "warn"), set.steady ? "steady" : set.status === "DRAINING" ? "draining" : "stabilizing")),
    cell(el("code", "", "…" + set.id.slice(-4))));
}

function drawService(svc) {
  const columns = ["Status", "Role", "Version", "Target group", "Scale", "Running", "State", "Task set"];
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
  remember(state);
  const rate = rates();
  if (samples.length > 1) history.push({ at: state.now, versions: rate.versions, errors: rate.errors });
  while (history.length > 1 && history[0].at < state.now - span) history.shift();
  drawFacts(state, rate);
  if (history.length > 0) drawChart(state.now);
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
