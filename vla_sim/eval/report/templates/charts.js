// A colour in a chart is the name of a CSS property; look it up anew whenever the theme changes.
const charts = JSON.parse(document.getElementById("charts-data").textContent);
function coloured(value, style) {
  if (typeof value === "string") {
    if (value.startsWith("--")) return style.getPropertyValue(value).trim();
    const bold = /^<b>(.*)<\/b>$/.exec(value);
    return bold ? `<b>${say(bold[1])}</b>` : say(value);
  }
  if (Array.isArray(value)) return value.map((item) => coloured(item, style));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, coloured(item, style)]));
}
function drawAll() {
  const style = getComputedStyle(document.documentElement);
  const family = getComputedStyle(document.body).fontFamily;
  for (const chart of charts) {
    const node = document.getElementById(chart.id);
    if (!node) continue;
    const layout = coloured(chart.layout, style);
    layout.height = chart.height;
    layout.font.family = family;
    Plotly.react(node, coloured(chart.data, style), layout, {
      responsive: true, displaylogo: false, displayModeBar: false,
    });
  }
}
drawAll();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
listeners.push(drawAll);
