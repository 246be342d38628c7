// Types a name and a password into the browser's own box, as a person does who was told them.
const asked = new Set();
chrome.webRequest.onAuthRequired.addListener(
  (details, done) => {
    if (!details.isProxy || asked.has(details.requestId)) {
      done({ cancel: true });
      return;
    }
    asked.add(details.requestId);
    fetch(chrome.runtime.getURL("typed.json"))
      .then((file) => file.json())
      .then((typed) => done({ authCredentials: typed }), () => done({ cancel: true }));
  },
  { urls: ["<all_urls>"] },
  ["asyncBlocking"],
);
