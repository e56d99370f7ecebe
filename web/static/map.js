// <imm-map>: draws the list inside it as a map, on land and water of our own; nothing is fetched from elsewhere.
/* global L */

const SHAPES = {
  extreme: "M8 1h8l5 5v8l-5 5H8l-5-5V6z",
  severe: "M12 1 22 19H2z",
  moderate: "M12 0 22 10 12 20 2 10z",
  minor: "M12 2a8 8 0 1 0 0 16 8 8 0 0 0 0-16z",
  well: "M12 2a8 8 0 1 0 0 16 8 8 0 0 0 0-16z",
  offline: "M5 1 12 7l7-6 3 3-7 6 7 6-3 3-7-6-7 6-3-3 7-6-7-6z",
};
const BIMA = [-6.7383, 108.5372]; // where a map without places looks
const STEPS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]; // degrees
const LINES = 6; // of the graticule, about, over the width

class Graticule extends L.LayerGroup {
  onAdd(map) {
    super.onAdd(map);
    map.on("moveend", this.draw, this);
    this.draw();
    return this;
  }

  onRemove(map) {
    map.off("moveend", this.draw, this);
    return super.onRemove(map);
  }

  draw() {
    const map = this._map;
    const box = map.getBounds().pad(0.2);
    const wanted = (box.getEast() - box.getWest()) / LINES;
    const step = STEPS.find((one) => one >= wanted) ?? STEPS.at(-1);
    this.clearLayers();
    const line = (points) => this.addLayer(L.polyline(points, { className: "graticule", interactive: false }));
    for (let lat = Math.ceil(box.getSouth() / step) * step; lat <= box.getNorth(); lat += step) {
      line([[lat, box.getWest()], [lat, box.getEast()]]);
    }
    for (let lon = Math.ceil(box.getWest() / step) * step; lon <= box.getEast(); lon += step) {
      line([[box.getSouth(), lon], [box.getNorth(), lon]]);
    }
  }
}

class CityMap extends HTMLElement {
  connectedCallback() {
    if (this.map) return;
    const canvas = document.createElement("div");
    canvas.className = "canvas";
    this.prepend(canvas);
    this.map = L.map(canvas, { attributionControl: false, zoomControl: false, minZoom: 3, maxZoom: 20, zoomSnap: 0.5 });
    canvas.setAttribute("role", "region");
    canvas.setAttribute("aria-label", this.dataset.label);
    L.control.zoom({ zoomInTitle: this.dataset.in, zoomOutTitle: this.dataset.out }).addTo(this.map);
    L.control.scale({ imperial: false }).addTo(this.map);
    this.marks = L.featureGroup().addTo(this.map);
    canvas.addEventListener("keydown", ({ key }) => {
      if (key === "Escape") this.map.closePopup();
    });
    this.map.setView(BIMA, 16);
    new Graticule().addTo(this.map);
    this.read();
    this.look();
    if (this.dataset.areas) this.fetch();
    this.observer = new MutationObserver(() => this.read()); // a live page has renewed the list
    this.observer.observe(this.querySelector(".places"), { childList: true, subtree: true, attributes: true });
  }

  disconnectedCallback() {
    this.observer?.disconnect();
    this.map?.remove();
    this.map = undefined;
    this.querySelector(":scope > .canvas")?.remove();
  }

  // Places of the list, each a shape with its name.
  read() {
    this.marks.clearLayers();
    for (const item of this.querySelectorAll(".places > li[data-lat]")) {
      const tone = Object.keys(SHAPES).find((name) => item.classList.contains(name)) ?? "minor";
      const icon = L.divIcon({
        className: "mark " + tone,
        html: `<svg width="28" height="24" viewBox="0 0 24 20" aria-hidden="true"><path d="${SHAPES[tone]}"/></svg>`,
        iconSize: [28, 24],
      });
      const title = item.querySelector("a, strong")?.textContent ?? "";
      const mark = L.marker([Number(item.dataset.lat), Number(item.dataset.lon)], { icon, alt: title, title });
      const told = document.createElement("div");
      told.append(...[...item.childNodes].map((node) => node.cloneNode(true)));
      mark.bindPopup(told).addTo(this.marks);
      mark.on("popupopen", ({ popup }) => popup.getElement().querySelector("a")?.focus({ preventScroll: true }));
      mark.on("popupclose", () => mark.getElement()?.focus({ preventScroll: true }));
    }
  }

  look() {
    const bounds = this.marks.getBounds();
    if (bounds.isValid()) this.map.fitBounds(bounds.pad(0.3), { maxZoom: 17, animate: false });
  }

  // Areas below the places: outlines of the city, of districts, of sites.
  async fetch() {
    try {
      const answer = await fetch(this.dataset.areas, { headers: { accept: "application/geo+json, application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const areas = L.geoJSON(await answer.json(), {
        filter: ({ geometry }) => geometry?.type !== "Point", // these are places: the list has them
        style: () => ({ className: "area" }),
        onEachFeature: (feature, layer) => {
          const name = feature.properties?.name ?? feature.properties?.title;
          if (name) layer.bindTooltip(document.createTextNode(name).data, { sticky: true });
        },
      });
      areas.addTo(this.map).bringToBack();
      if (!this.marks.getLayers().length && areas.getBounds().isValid()) this.map.fitBounds(areas.getBounds(), { animate: false });
    } catch {
      const said = document.createElement("p");
      said.className = "tag offline";
      said.setAttribute("role", "status");
      said.textContent = this.dataset.failed;
      this.append(said);
    }
  }
}

customElements.define("imm-map", CityMap);
