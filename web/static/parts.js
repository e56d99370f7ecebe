// Small comforts; every page works without them: dialogs instead of pages, no form sent twice, a marked place to return to.
"use strict";

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  const dialog = opener && document.getElementById(opener.dataset.opens);
  if (dialog) {
    event.preventDefault();
    dialog.showModal();
  }
  if (event.target.closest("[data-closes]")) event.target.closest("dialog").close();
  if (event.target instanceof HTMLDialogElement && event.target.open && outside(event)) event.target.close();
});

function outside({ target, clientX, clientY }) {
  const box = target.getBoundingClientRect();
  return clientX < box.left || clientX > box.right || clientY < box.top || clientY > box.bottom;
}

// Where the navigation does not fit, the page one is at must be in sight: it says where one is.
for (const here of document.querySelectorAll(".nav [aria-current]")) {
  const nav = here.closest(".nav");
  const [inner, outer] = [here.getBoundingClientRect(), nav.getBoundingClientRect()];
  nav.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
}

// A page that comes back from the browser's memory takes the form again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("hx-post")) return;
  if ("sent" in form.dataset) event.preventDefault();
  form.dataset.sent = "";
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// A button that acts in place and fails must not fail in silence: a refresh that fails is told by the line instead.
function failed({ detail: { ctx } }) {
  if (ctx?.request?.method?.toUpperCase() !== "POST") return;
  const toast = document.getElementById("gagal");
  toast.hidden = false;
  toast.querySelector("span").textContent = ctx.response?.status ? `${ctx.response.status}` : "";
  setTimeout(() => { toast.hidden = true; }, 10000);
}

document.addEventListener("htmx:response:error", failed);
document.addEventListener("htmx:error", failed);
