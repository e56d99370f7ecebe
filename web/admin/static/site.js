// The form of a site: a press on the map moves the mark and fills the fields; typed numbers move the mark.

const DIGITS = 6; // of a degree: a tenth of a metre

for (const form of document.querySelectorAll("form[data-site]")) {
  const map = form.querySelector("imm-map");
  const mark = map?.querySelector("li[data-lat]");
  const { latitude, longitude } = form.elements;
  if (!map?.map || !mark) continue;
  form.querySelector("[data-map-says]").hidden = false;
  map.map.on("click", ({ latlng }) => {
    const { lat, lng } = latlng.wrap();
    latitude.value = lat.toFixed(DIGITS);
    longitude.value = lng.toFixed(DIGITS);
    move();
  });
  for (const field of [latitude, longitude]) field.addEventListener("change", move);

  function move() {
    const [lat, lon] = [latitude, longitude].map((field) => Number(field.value.replace(",", ".") || NaN));
    if (!(Math.abs(lat) <= 90 && Math.abs(lon) <= 180)) return;
    mark.dataset.lat = String(lat);
    mark.dataset.lon = String(lon);
  }
}
