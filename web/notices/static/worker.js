// Shows what is pushed to this browser, and opens what it is about. It fetches nothing and keeps nothing.
"use strict";

const INBOX = "/pemberitahuan";

function read(event) {
  try {
    return event.data.json();
  } catch {
    return {}; // a push must be shown, or the browser tells of it in its own words
  }
}

self.addEventListener("push", (event) => {
  const told = read(event);
  event.waitUntil(
    self.registration.showNotification(told.title || "IMM Kota Cirebon", {
      body: told.body ?? "",
      tag: told.notice || undefined, // the same notice again replaces itself
      data: { link: told.link ?? "" },
      requireInteraction: Boolean(told.urgent),
    }),
  );
});

function place(link) {
  try {
    const found = new URL(link || INBOX, self.location.origin);
    return found.origin === self.location.origin ? found.href : INBOX; // never to another site
  } catch {
    return INBOX;
  }
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow(place(event.notification.data?.link)));
});
