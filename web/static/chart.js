// <imm-chart>: draws the table inside it as lines over time, in the colours of the theme; the table stays to be read.
/* global uPlot */

const ZONE = "Asia/Jakarta";
const HEIGHT = 240; // px
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 5]];
const language = document.documentElement.lang;
const number = new Intl.NumberFormat(language, { maximumFractionDigits: 2 });
const clock = new Intl.DateTimeFormat(language, { timeZone: ZONE, dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });

class Chart extends HTMLElement {
  connectedCallback() {
    if (this.plot) return;
    this.canvas = document.createElement("div");
    this.canvas.className = "canvas";
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", this.dataset.label);
    this.prepend(this.canvas);
    this.draw();
    this.size = new ResizeObserver(() => this.plot?.setSize({ width: this.clientWidth, height: HEIGHT }));
    this.size.observe(this);
    this.night = matchMedia("(prefers-color-scheme: dark)");
    this.again = () => this.draw();
    this.night.addEventListener("change", this.again);
    this.table = new MutationObserver(this.again); // a live page has renewed the table
    this.table.observe(this.querySelector("details table"), { childList: true, subtree: true, characterData: true, attributes: true });
  }

  disconnectedCallback() {
    this.size?.disconnect();
    this.table?.disconnect();
    this.night?.removeEventListener("change", this.again);
    this.plot?.destroy();
    this.plot = undefined;
    this.canvas?.remove();
  }

  read() {
    const rows = [...this.querySelectorAll("details tbody tr")];
    const times = rows.map((row) => Date.parse(row.querySelector("time").dateTime) / 1000);
    const names = [...this.querySelectorAll("details thead th")].slice(1).map((head) => head.textContent);
    const values = names.map((_, at) => rows.map((row) => {
      const said = row.querySelectorAll("td")[at].dataset.value;
      return said === undefined ? null : Number(said);
    }));
    return { names, data: [times, ...values] };
  }

  draw() {
    const style = getComputedStyle(this);
    const colour = (name) => this.resolve(style.getPropertyValue(name));
    const font = `500 12px ${style.fontFamily}`;
    const axis = { stroke: colour("--soft"), font, grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 } };
    const unit = this.dataset.unit ? " " + this.dataset.unit : "";
    const { names, data } = this.read();
    this.plot?.destroy();
    this.plot = new uPlot({
      width: this.clientWidth,
      height: HEIGHT,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), ZONE),
      cursor: { drag: { x: false, y: false } },
      legend: { live: true },
      axes: [{ ...axis, values: (_, splits, at, space, step) => splits.map((one) => mark(one, step)) }, { ...axis, size: 64, values: (_, splits) => splits.map((one) => number.format(one)) }],
      series: [
        { label: this.dataset.time, value: (_, seconds) => (seconds === null ? "–" : clock.format(seconds * 1000)) },
        ...names.map((label, at) => ({
          label,
          stroke: colour(`--line-${(at % 5) + 1}`),
          width: 2,
          dash: DASHES[at % DASHES.length],
          spanGaps: false,
          points: { show: data[0].length < 40 },
          value: (_, value) => (value === null ? "–" : number.format(value) + unit),
        })),
      ],
    }, data, this.canvas);
  }

  // A canvas knows no light-dark(): ask the browser which of the two it is now.
  resolve(value) {
    this.canvas.style.color = value;
    return getComputedStyle(this.canvas).color;
  }
}

const day = new Intl.DateTimeFormat(language, { timeZone: ZONE, day: "numeric", month: "short" });
const hour = new Intl.DateTimeFormat(language, { timeZone: ZONE, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const second = new Intl.DateTimeFormat(language, { timeZone: ZONE, timeStyle: "medium", hourCycle: "h23" });

function mark(seconds, step) {
  const midnight = hour.format(seconds * 1000).startsWith("00") && new Date(seconds * 1000).getUTCMinutes() === 0;
  return (step >= 86400 || midnight ? day : step >= 60 ? hour : second).format(seconds * 1000);
}

customElements.define("imm-chart", Chart);
