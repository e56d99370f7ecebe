// What tests/web/test_every_page.py asks a page; run after axe-core.
// Places of a map may lie close together (WCAG 2.5.8: essential; and the list beside it leads to the same).
function pin(id, at) {
  return id === "target-size" && document.querySelector(at)?.closest(".leaflet-marker-pane");
}

globalThis.looks = {
  // Violations of WCAG 2.2 AA and good practice; or of some rules only.
  async axe(rules) {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const asked = rules
      ? { runOnly: { type: "rule", values: rules } }
      : { runOnly: { type: "tag", values: tags }, rules: { "target-size": { enabled: true } } };
    const { violations } = await axe.run({ ...asked, resultTypes: ["violations"], iframes: false });
    return violations
      .map(({ id, nodes }) => [id, ...nodes.map((node) => node.target.join(" ")).filter((at) => !pin(id, at)).slice(0, 4)])
      .filter(([, ...where]) => where.length);
  },

  // What takes the keyboard and does not show it.
  unseen() {
    const all = document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']");
    const found = [...all].filter((one) => one.checkVisibility() && !one.disabled).filter((one) => {
      one.focus({ focusVisible: true, preventScroll: true });
      const look = getComputedStyle(one);
      const seen = look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2;
      return document.activeElement === one && !seen;
    });
    document.activeElement?.blur();
    return found.map((one) => one.outerHTML.slice(0, 90));
  },

  // What a finger must hit and is lower than 44 px.
  low() {
    const all = document.querySelectorAll(".button, input, select, textarea, summary");
    return [...all]
      .filter((one) => one.checkVisibility() && !one.closest(".pick"))
      .filter((one) => one.getBoundingClientRect().height < 44)
      .map((one) => one.outerHTML.slice(0, 90));
  },

  wide() {
    return document.documentElement.scrollWidth;
  },

  theme(name) {
    document.documentElement.dataset.theme = name;
  },
};
