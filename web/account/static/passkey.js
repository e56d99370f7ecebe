// Forms of passkeys: the button asks the server what to sign, the browser for the passkey, and sends the form with it.
"use strict";

const decode = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0)).buffer;

const encode = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const known = (list) => (list ?? []).map((one) => ({ ...one, id: decode(one.id) }));

function readable(told, making) {
  const options = { ...told, challenge: decode(told.challenge) };
  if (!making) return { ...options, allowCredentials: known(told.allowCredentials) };
  return {
    ...options,
    user: { ...told.user, id: decode(told.user.id) },
    excludeCredentials: known(told.excludeCredentials),
  };
}

// What the server reads: the credential's JSON form of WebAuthn level 3, which older browsers cannot make themselves.
function written(credential) {
  const { response } = credential;
  const answer = { clientDataJSON: encode(response.clientDataJSON) };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[part]) answer[part] = encode(response[part]);
  }
  if (response.getTransports) answer.transports = response.getTransports();
  return {
    id: credential.id,
    rawId: encode(credential.rawId),
    type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: answer,
  };
}

async function sign(form) {
  const making = form.dataset.passkey === "create";
  const asked = await fetch(form.dataset.options, { method: "POST", body: new FormData(form) });
  if (!asked.ok) throw new Error(String(asked.status));
  const { id, options } = await asked.json();
  const publicKey = readable(options, making);
  const credential = making
    ? await navigator.credentials.create({ publicKey })
    : await navigator.credentials.get({ publicKey });
  form.elements.challenge.value = id;
  form.elements.credential.value = JSON.stringify(written(credential));
  form.submit();
}

// Passkeys are bound to a name: an address of numbers has none.
const able = window.isSecureContext && window.PublicKeyCredential && !/^[\d.]+$|:/.test(location.hostname);

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.hidden = !able;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const trouble = form.querySelector("[data-trouble]");
    const button = form.querySelector("button");
    trouble.hidden = true;
    button.disabled = true;
    sign(form).catch(() => {
      trouble.hidden = false;
      button.disabled = false;
    });
  });
}
for (const part of document.querySelectorAll("[data-no-passkey]")) part.hidden = Boolean(able);
