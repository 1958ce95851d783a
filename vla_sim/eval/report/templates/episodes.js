// The table of episodes: chosen by filters, counted, and written a screenful at a time.
const table = JSON.parse(document.getElementById("episodes-data").textContent);
const AT_ONCE = 100;
const chosen = {};
let nShown = AT_ONCE;
const several = table.filters.result.names.length > 1;
const put = (parent, kind, text, className) => {
  const node = parent.appendChild(document.createElement(kind));
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  return node;
};
const named = (filter, k) => say(table.filters[filter].names[table.filters[filter].of[k]]);
const succeeded = (k) => table.filters.failure.names[table.filters.failure.of[k]] === "success";
const fits = (k) => Object.entries(chosen).every(([filter, at]) => table.filters[filter].of[k] === at);
// Wilson's 95 % interval, as everywhere on the page.
function wilson(hits, n) {
  const z2 = 1.959963984540054 ** 2, rate = hits / n;
  const middle = (rate + z2 / (2 * n)) / (1 + z2 / n);
  const half = Math.sqrt(z2 * (rate * (1 - rate) / n + z2 / (4 * n * n))) / (1 + z2 / n);
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}
const percent = (share) => (100 * share).toFixed(1);
function writeFilters() {
  const place = document.getElementById("filters");
  place.replaceChildren();
  for (const [filter, { title, names }] of Object.entries(table.filters)) {
    if (names.length < 2) continue;
    const label = put(place, "label", say(title));
    const select = put(label, "select");
    select.dataset.filter = filter;
    put(select, "option", say("all")).value = "";
    names.forEach((name, at) => { put(select, "option", say(name)).value = String(at); });
    select.value = filter in chosen ? String(chosen[filter]) : "";
    select.addEventListener("change", () => {
      if (select.value === "") delete chosen[filter]; else chosen[filter] = Number(select.value);
      nShown = AT_ONCE;
      writeRows();
    });
  }
}
function writeCounts(found) {
  const hits = found.filter(succeeded).length;
  const many = say("{n} of {m} episodes").replace("{n}", found.length).replace("{m}", table.n);
  const [low, high] = found.length ? wilson(hits, found.length) : [0, 0];
  const rate = found.length ? ` · ${say("success")} ${percent(hits / found.length)} % [${percent(low)}, ${percent(high)}]` : "";
  document.getElementById("counted").textContent = many + rate;
  const kinds = document.getElementById("kinds");
  kinds.replaceChildren();
  const counts = new Map();
  for (const k of found) {
    const at = table.filters.failure.of[k];
    counts.set(at, (counts.get(at) || 0) + 1);
  }
  for (const [at, n] of [...counts].sort((a, b) => b[1] - a[1])) {
    const name = table.filters.failure.names[at];
    put(kinds, "span", `${say(name)} ${n}`, `pill ${name === "success" ? "good" : "bad"}`);
  }
}
function writeRows() {
  const found = [];
  for (let k = 0; k < table.n; k += 1) if (fits(k)) found.push(k);
  writeCounts(found);
  const body = document.getElementById("rows");
  body.replaceChildren();
  for (const k of found.slice(0, nShown)) {
    const row = put(body, "tr");
    put(row, "td", table.place[k]);
    if (several) put(row, "td", named("result", k));
    put(row, "td", named("task", k));
    put(row, "td", table.text[k], "said");
    for (const filter of ["arm", "axis", "manner"]) put(row, "td", named(filter, k));
    put(row, "td", table.seed[k]);
    put(row, "td", table.time_s[k] === null ? "" : `${table.time_s[k].toFixed(1)} s`, "once");
    put(row, "td", table.progress[k] === null ? "" : table.progress[k].toFixed(2));
    put(put(row, "td"), "span", named("failure", k), `pill ${succeeded(k) ? "good" : "bad"}`);
    put(row, "td", table.broken[k].map(say).join(", "));
  }
  const more = document.getElementById("more");
  more.hidden = found.length <= nShown;
  more.textContent = `${say("more")} (${found.length - nShown})`;
}
document.getElementById("more").addEventListener("click", () => { nShown += 5 * AT_ONCE; writeRows(); });
listeners.push(() => { writeFilters(); writeRows(); });
for (const [filter, { names }] of Object.entries(table.filters)) {
  const at = names.indexOf(new URLSearchParams(location.search).get(filter));
  if (at >= 0) chosen[filter] = at;
}
writeFilters();
writeRows();
