// Tables that the reader sorts, filters and saves. What does not fit on a screen waits for a click.
const order = new Intl.Collator("en", {numeric: true});

const value = cell => cell.dataset.v ?? cell.textContent;

function compare(a, b) {
  // Cells without a value come last, whichever way.
  if (a.empty || b.empty) return {empty: true, by: a.empty - b.empty};
  const by = a.number !== null && b.number !== null ? a.number - b.number
    : order.compare(a.text, b.text);
  return {empty: false, by};
}

function keyOf(cell) {
  const text = value(cell);
  return {
    text, empty: text === "" || text === "–",
    number: cell.classList.contains("n") ? Number(text) : null,
  };
}

function csvField(text) {
  // A text that a spreadsheet would take for a formula stands behind a quote mark.
  const safe = /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? "'" + text : text;
  return /[",\n\r]/.test(safe) ? '"' + safe.replaceAll('"', '""') + '"' : safe;
}

function save(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(["\ufeff" + text], {type: "text/csv;charset=utf-8"}));
  link.download = name + ".csv";
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function labelled(text, control) {
  const label = document.createElement("label");
  label.append(text + " ", control);
  return label;
}

function enhance(host) {
  const table = host.querySelector("table"), body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const rows = [...body.rows].map(row => ({row, text: null}));
  const pageRows = Number(host.dataset.rows ?? 100);
  let visible = rows, shownAll = false;
  // Rows beyond the first screen are text, in a table for readers without scripts, until needed.
  let late = host.querySelector("noscript");
  const total = Number(host.dataset.total ?? rows.length);

  function complete() {
    if (!late) return;
    const holder = document.createElement("template");
    holder.innerHTML = late.textContent;
    late = null;
    const added = [...holder.content.querySelectorAll("tbody tr")];
    body.append(...added);
    rows.push(...added.map(row => ({row, text: null})));
  }

  const tools = document.createElement("div");
  tools.className = "tools";
  const filter = document.createElement("input");
  filter.type = "search";
  tools.append(labelled("Filter", filter));
  const choices = heads.flatMap((head, column) => {
    if (head.dataset.choice === undefined) return [];
    const select = document.createElement("select");
    const values = head.dataset.choice ? JSON.parse(head.dataset.choice)
      : [...new Set(rows.map(one => one.row.cells[column].textContent))];
    select.append(new Option("all", ""), ...values.map(text => new Option(text, text)));
    tools.append(labelled(head.textContent, select));
    return [{column, select}];
  });
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Save as CSV";
  const count = document.createElement("span");
  count.className = "count";
  count.setAttribute("role", "status");
  const more = document.createElement("button");
  more.type = "button";
  more.textContent = "Show all rows";
  tools.append(button, count, more);
  host.prepend(tools);

  function show() {
    const wanted = filter.value.trim().toLowerCase();
    if (wanted || shownAll || choices.some(c => c.select.value)) complete();
    visible = rows.filter(one => {
      if (choices.some(c => c.select.value && one.row.cells[c.column].textContent !== c.select.value)) return false;
      if (!wanted) return true;
      one.text ??= [...one.row.cells].map(cell => cell.textContent).join(" ").toLowerCase();
      return one.text.includes(wanted);
    });
    const kept = new Set(visible);
    for (const one of rows) one.row.hidden = !kept.has(one);
    visible.forEach((one, number) =>
      one.row.classList.toggle("beyond", !shownAll && number >= pageRows));
    const found = visible.length + total - rows.length;
    const rest = shownAll ? 0 : Math.max(0, found - pageRows);
    more.hidden = !rest;
    count.textContent = `${found} of ${total} rows` + (rest ? `, the first ${pageRows} shown` : "");
  }

  heads.forEach((head, column) => {
    const name = document.createElement("button");
    name.type = "button";
    name.append(...head.childNodes);
    head.append(name);
    name.addEventListener("click", () => {
      complete();
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const keys = new Map(rows.map(one => [one, keyOf(one.row.cells[column])]));
      rows.sort((a, b) => {
        const {empty, by} = compare(keys.get(a), keys.get(b));
        return empty || !down ? by : -by;
      });
      body.append(...rows.map(one => one.row));
      show();
    });
  });
  filter.addEventListener("input", show);
  for (const {select} of choices) select.addEventListener("change", show);
  more.addEventListener("click", () => { shownAll = true; show(); });
  if (late) addEventListener("beforeprint", () => { complete(); show(); });
  button.addEventListener("click", () => {
    complete();
    show();
    const lines = [heads.map(head => head.dataset.key),
      ...visible.map(one => [...one.row.cells].map(value))];
    save(host.dataset.name, lines.map(line => line.map(csvField).join(",")).join("\r\n") + "\r\n");
  });
  show();
}

window.report = {enhance};
for (const host of document.querySelectorAll(".table")) {
  const folded = host.closest("details:not([open])");
  // What is closed takes no time before it is opened.
  if (folded) folded.addEventListener("toggle", () => enhance(host), {once: true});
  else enhance(host);
}
