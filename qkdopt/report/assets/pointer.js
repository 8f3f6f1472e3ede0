// What the other scripts share: data of the page, and lines that read out what is pointed at.
report.data = JSON.parse(document.getElementById("data").textContent);
report.sectionOf = node => node.closest("section");
report.dataOf = node => report.data[report.sectionOf(node).id];
report.readout = line => {
  line.textContent = line.dataset.hint;
  return text => {
    line.textContent = text || line.dataset.hint;
    line.classList.toggle("live", Boolean(text));
  };
};
report.svg = (name, attributes, text) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
};
