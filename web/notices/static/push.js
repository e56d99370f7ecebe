// Pushes to this browser: it is asked by a press alone, and only where it can.
"use strict";

const form = document.querySelector("form[data-push]");
const folder = "/pemberitahuan/";
const able = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

const encode = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

function say(what) {
  for (const part of document.querySelectorAll("[data-push-says]")) part.hidden = part.dataset.pushSays !== what;
}

async function subscribe() {
  if ((await Notification.requestPermission()) !== "granted") return say("refused");
  const registration = await navigator.serviceWorker.register(`${folder}pekerja.js`, { scope: folder });
  const active = registration.active ? registration : await awake(registration);
  const found = await active.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: form.dataset.push,
  });
  form.elements.endpoint.value = found.endpoint;
  form.elements.p256dh.value = encode(found.getKey("p256dh"));
  form.elements.auth.value = encode(found.getKey("auth"));
  form.submit();
}

function awake(registration) {
  const worker = registration.installing ?? registration.waiting;
  return new Promise((resolve, reject) => {
    worker.addEventListener("statechange", () => {
      if (worker.state === "activated") resolve(registration);
      if (worker.state === "redundant") reject(new Error(worker.state));
    });
  });
}

say(!able ? "unable" : Notification.permission === "denied" ? "refused" : "able");
form.addEventListener("submit", (event) => {
  event.preventDefault();
  subscribe().catch(() => say("failed"));
});
