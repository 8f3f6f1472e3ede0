// The noise of one link, channel by channel, as bars and as a table.
const WIDTH = 900, LEFT = 62, RIGHT = 10, TOP = 12, BOTTOM = 190;

function draw(svg, link, channels) {
  svg.replaceChildren();
  const highest = Math.max(...link.lit.map(one => one[2]), 0);
  const step = (WIDTH - LEFT - RIGHT) / channels;
  const y = noise => BOTTOM - (highest ? (BOTTOM - TOP) * noise / highest : 0);
  for (const share of [0, 0.5, 1]) {
    const place = y(share * highest);
    svg.append(report.svg("path", {class: "grid", d: `M${LEFT} ${place}H${WIDTH - RIGHT}`}),
      report.svg("text", {class: "tick", x: LEFT - 6, y: place + 4, "text-anchor": "end"},
        share * highest ? (share * highest).toExponential(1) : "0"));
  }
  for (const [channel, co, noise] of link.lit) {
    const bar = report.svg("rect", {class: co ? "co" : "counter", x: LEFT + channel * step + 0.5,
      y: y(noise), width: Math.max(step - 1, 1), height: BOTTOM - y(noise)});
    bar.append(report.svg("title", {}, `channel ${channel}: ${noise.toExponential(3)} per gate`));
    svg.append(bar);
  }
  if (link.channel !== null) {
    const x = LEFT + (link.channel + 0.5) * step;
    svg.append(report.svg("path", {class: "quantum", d: `M${x} ${BOTTOM - 12}l5 6-5 6-5-6z`}));
  }
  const every = [1, 2, 5, 10, 20, 50, 100, 200, 500].find(n => channels / n <= 40) ?? 1000;
  for (let w = 0; w < channels; w += every)
    svg.append(report.svg("text", {class: "tick", x: LEFT + (w + 0.5) * step, y: BOTTOM + 15,
      "text-anchor": "middle"}, w));
  svg.append(report.svg("text", {class: "tick", x: WIDTH / 2, y: BOTTOM + 29,
    "text-anchor": "middle"}, "Channel"));
}

const HEADS = [["channel", "Channel"], ["direction", "Direction"], ["demand", "Demand"],
  ["noise_per_gate", "Noise per gate"], ["share", "Share %"]];

function cellOf(content, exact) {
  const cell = document.createElement("td");
  cell.textContent = content;
  if (exact !== undefined) {
    cell.className = "n";
    cell.dataset.v = exact;
  }
  return cell;
}

function tabulate(host, link, demands) {
  const table = document.createElement("table"), head = table.createTHead().insertRow();
  for (const [key, title] of HEADS) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.dataset.key = key;
    cell.textContent = title;
    if (key !== "direction" && key !== "demand") cell.className = "n";
    head.append(cell);
  }
  const body = table.createTBody();
  for (const [channel, co, noise, r] of [...link.lit].sort((a, b) => b[2] - a[2])) {
    const share = link.noise ? noise / link.noise : 0;
    body.insertRow().append(cellOf(channel, channel),
      cellOf(co ? "co-propagating" : "counter-propagating"), cellOf(demands[r]),
      cellOf(noise.toExponential(3), noise), cellOf((100 * share).toFixed(1), share));
  }
  const frame = document.createElement("div"), scroll = document.createElement("div");
  frame.className = "table";
  frame.dataset.name = "noise_by_channel";
  scroll.className = "scroll";
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "group");
  scroll.setAttribute("aria-label", "Channels of the link, the loudest first");
  scroll.append(table);
  frame.append(scroll);
  host.replaceChildren(frame);
  report.enhance(frame);
}

report.noise = {};
for (const widget of document.querySelectorAll("[data-widget=noise]")) {
  const section = report.sectionOf(widget), data = report.dataOf(widget);
  if (!data.links.length) continue;
  const prefix = section.id.slice(0, section.id.indexOf("-"));
  const demands = report.data[`${prefix}-spectrum`].demands;
  const pick = widget.querySelector(".pick");
  pick.append(...data.links.map((link, number) => new Option(link.name, number)));
  widget.hidden = false;
  const show = () => {
    const link = data.links[pick.value];
    widget.querySelector(".about").textContent = `QKD channel ${link.working}, noise ` +
      `${link.noise.toExponential(3)} per gate from ${link.lit.length} lit channels` +
      (link.other ? `, ${link.other.toExponential(3)} of it not by one channel` : "");
    draw(widget.querySelector(".bars"), link, data.channels);
    tabulate(widget.querySelector(".table-host"), link, demands);
  };
  pick.addEventListener("change", show);
  const loudest = data.links.reduce((best, link, n) => link.noise > data.links[best].noise ? n : best, 0);
  pick.value = loudest;
  show();
  report.noise[prefix] = name => {
    const number = data.links.findIndex(link => link.id === name);
    if (number < 0) return false;
    pick.value = number;
    show();
    return true;
  };
}
