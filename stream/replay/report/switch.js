(function () {
  "use strict";
  function show(language) { document.documentElement.lang = language; }
  var asked = /^#(fr|en)$/.exec(location.hash);
  if (asked) { show(asked[1]); }
  document.querySelectorAll(".switch button").forEach(function (button) {
    button.addEventListener("click", function () {
      show(button.value);
      history.replaceState(null, "", "#" + button.value);
    });
  });
})();
