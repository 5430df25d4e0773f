// What a page does better with scripts; every page works without them.
(function () {
  "use strict";
  var root = document.documentElement;
  root.classList.add("js");

  // What is wrong is read first: the summary takes the focus, else the result that was asked for.
  function focusFirst() {
    var target = document.getElementById("error-summary") || document.querySelector("[data-focus]");
    if (target) { target.focus(); }
  }

  // A second press while the first is under way does nothing.
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.getAttribute("aria-busy") === "true") { event.preventDefault(); return; }
    form.setAttribute("aria-busy", "true");
  });
  document.addEventListener("htmx:afterRequest", function (event) {
    event.target.removeAttribute("aria-busy");
  });
  // Back shows the page as it was left, whose forms may be sent again.
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[aria-busy]").forEach(function (form) { form.removeAttribute("aria-busy"); });
  });

  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-opens]");
    if (button) {
      var target = document.getElementById(button.getAttribute("data-opens"));
      var open = target.classList.toggle("open");
      button.setAttribute("aria-expanded", String(open));
    }
    if (event.target.closest("[data-print]")) { window.print(); }
  });

  // Whoever follows a number to its clause finds it open.
  document.addEventListener("click", function (event) {
    var link = event.target.closest("a[href^='#']");
    var target = link && document.getElementById(decodeURIComponent(link.getAttribute("href").slice(1)));
    if (target && target.tagName === "DETAILS") { target.open = true; }
  });

  // Filters apply as they are changed.
  document.addEventListener("change", function (event) {
    var form = event.target.closest("form[data-filters]");
    if (form && !form.hasAttribute("hx-get")) { form.requestSubmit(); }
  });

  // On paper every clause is open.
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details:not([open]):not(.slim)").forEach(function (one) { one.open = true; one.dataset.closed = ""; });
  });
  window.addEventListener("afterprint", function () {
    document.querySelectorAll("details[data-closed]").forEach(function (one) { one.open = false; delete one.dataset.closed; });
  });

  document.addEventListener("DOMContentLoaded", focusFirst);
  document.addEventListener("htmx:afterSettle", function () {
    var told = document.querySelector("[data-focus]");
    if (told) { told.focus(); }
  });
})();
