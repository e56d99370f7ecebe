// Follows the platform's events, tells the page's parts to refresh, lets ages grow, and says so when the line is cut.
"use strict";

const language = document.documentElement.lang;
const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
const formats = new Map(
  units.map(([unit]) => [unit, new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short" })]),
);
const ahead = Number(document.body.dataset.now) / 1000 - Date.now(); // ms; the reader's clock may be wrong

function duration(seconds) {
  const [unit, size] = units.find(([, size]) => seconds >= size) ?? ["second", 1];
  return formats.get(unit).format(Math.floor(seconds / size));
}

function tick() {
  const now = Date.now() + ahead;
  for (const age of document.querySelectorAll("time[data-age]")) {
    const text = duration(Math.max(0, (now - Date.parse(age.dateTime)) / 1000));
    if (age.textContent !== text) age.textContent = text;
  }
}

function tell(name) {
  document.body.dispatchEvent(new CustomEvent(name, { bubbles: true }));
}

function line(state) {
  document.body.dataset.line = state;
  for (const part of document.querySelectorAll("[data-when-line]")) {
    part.hidden = part.dataset.whenLine !== state;
  }
}

// Parts of the page listen to `imm:alert`, `imm:incident`. `imm:back` comes with every connection, the first one too:
// what happened between the page and its connection, or while it was cut, is shown then.
function follow(families) {
  const source = new EventSource("/api/v1/events?types=" + families.map((family) => family + ".*").join(","));
  source.onopen = () => {
    line("open");
    tell("imm:back");
  };
  source.onerror = () => {
    line("cut");
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, 5000, families); // the browser gave up: we do not
  };
  source.onmessage = (message) => {
    tell("imm:" + JSON.parse(message.data).type.split(".").at(-2));
  };
}

setInterval(tick, 1000);
if (document.body.dataset.follows) follow(document.body.dataset.follows.split(" "));
