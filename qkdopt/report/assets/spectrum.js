// The spectrum reads out the cell under the pointer or the cursor.
for (const figure of document.querySelectorAll("[data-widget=spectrum]")) {
  const data = report.dataOf(figure), svg = figure.querySelector(".cells");
  const box = figure.querySelector(".spectrum"), cursor = figure.querySelector(".cursor");
  const say = report.readout(figure.querySelector(".readout"));
  const carried = data.rows.map(row => new Map(row.demands));
  const spares = data.rows.map(row => new Set(row.spares));
  let row = 0, channel = 0;

  function words() {
    const kind = data.rows[row].kinds[channel];
    const demand = carried[row].get(channel);
    const parts = [`${data.rows[row].label}, channel ${channel} (${data.thz[channel]} THz)`,
      data.names[kind] + (spares[row].has(channel) ? ", candidate" : "")];
    if (demand !== undefined) parts.push(`demand ${data.demands[demand]}`);
    return parts.join(": ");
  }

  function point() {
    cursor.setAttribute("x", channel * data.cell);
    cursor.setAttribute("y", row * data.cell);
    cursor.setAttribute("visibility", "visible");
    say(words());
  }

  svg.addEventListener("pointermove", event => {
    const frame = svg.getBoundingClientRect();
    const w = Math.floor((event.clientX - frame.left) / data.cell);
    const e = Math.floor((event.clientY - frame.top) / data.cell);
    if (w < 0 || w >= data.thz.length || e < 0 || e >= data.rows.length) return;
    if (w === channel && e === row && cursor.getAttribute("visibility") === "visible") return;
    [row, channel] = [e, w];
    point();
  });
  box.setAttribute("aria-label", "Spectrum; arrow keys move from cell to cell");
  box.setAttribute("role", "application");
  const MOVES = {ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0]};
  box.addEventListener("keydown", event => {
    const move = MOVES[event.key];
    if (!move) return;
    event.preventDefault();
    row = Math.min(Math.max(row + move[0], 0), data.rows.length - 1);
    channel = Math.min(Math.max(channel + move[1], 0), data.thz.length - 1);
    point();
    const left = channel * data.cell, top = row * data.cell;
    if (left < box.scrollLeft) box.scrollLeft = left;
    if (left + 180 > box.scrollLeft + box.clientWidth) box.scrollLeft = left + 180 - box.clientWidth;
    if (top < box.scrollTop) box.scrollTop = top;
    if (top + 50 > box.scrollTop + box.clientHeight) box.scrollTop = top + 50 - box.clientHeight;
  });
}
