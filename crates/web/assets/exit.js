// Exit this page by keyboard: Shift three times within five seconds leaves at once, and the page is not kept as the one before.
(() => {
  "use strict";
  const link = document.querySelector("[data-haven-exit]");
  if (!link) return;
  const windowMs = 5000;
  let presses = [];
  const leave = (event) => {
    if (event) event.preventDefault();
    document.body.hidden = true;
    window.location.replace(link.href);
  };
  link.addEventListener("click", leave);
  document.addEventListener("keyup", (event) => {
    if (event.key !== "Shift") {
      presses = [];
      return;
    }
    const now = Date.now();
    presses = presses.filter((at) => now - at < windowMs).concat(now);
    if (presses.length >= 3) leave();
  });
})();
