// A passkey that was not given is told on the page, not in the console.
(function () {
  "use strict";

  document.addEventListener("allauth.error", function (event) {
    var place = document.getElementById("passkey-trouble");
    if (!place) return;
    event.preventDefault();
    place.hidden = true;
    // shown anew, so that it is said again
    window.setTimeout(function () { place.hidden = false; }, 0);
  });
})();
