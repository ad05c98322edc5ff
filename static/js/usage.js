// Charts of usage. What they draw stands in the page as JSON, and again as a table; without this script nothing is lost.
(() => {
  "use strict";
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const dark = () => document.documentElement.dataset.bsTheme === "dark";
  const LIGHT = ["#2456c9", "#b56a00", "#178a4c", "#8a3fb5", "#c5303a", "#0b7f93", "#6b7585", "#94650f"];
  const DARK = ["#7aa5ff", "#f0a63a", "#45c883", "#cf9bf0", "#f4757c", "#4cc8dc", "#a3abb9", "#d9b45f"];
  const DASHES = [[], [6, 3], [2, 3], [8, 3, 2, 3]]; // colour never alone

  function datasets(series) {
    const colours = dark() ? DARK : LIGHT;
    return series.map((one, place) => ({
      label: one.label,
      data: one.data,
      borderColor: colours[place % colours.length],
      backgroundColor: colours[place % colours.length],
      borderDash: DASHES[Math.floor(place / 2) % DASHES.length],
      pointStyle: ["circle", "rect", "triangle", "rectRot"][place % 4],
      pointRadius: 3,
      pointHoverRadius: 5,
      borderWidth: 2,
      tension: 0,
      spanGaps: false, // a month that nobody counted is a gap
    }));
  }
  function options(box) {
    const { color: text, borderTopColor: line, fontFamily: family } = getComputedStyle(box); // as the style sheet has them
    const font = { family, size: 12 };
    const whole = (value) => (Number.isInteger(value) ? value.toLocaleString("en") : "");
    return {
      animation: still ? false : { duration: 250 },
      responsive: true,
      maintainAspectRatio: false,
      interaction: { mode: "index", intersect: false },
      plugins: {
        legend: { position: "bottom", labels: { color: text, font, usePointStyle: true, boxHeight: 7 } },
        tooltip: { usePointStyle: true, titleFont: font, bodyFont: font },
      },
      scales: {
        x: { ticks: { color: text, font, maxRotation: 0, autoSkipPadding: 12 }, grid: { display: false }, border: { color: line } },
        y: { beginAtZero: true, ticks: { color: text, font, callback: whole }, grid: { color: line }, border: { display: false } },
      },
    };
  }
  function draw(box) {
    const said = JSON.parse(document.getElementById(box.dataset.chart).textContent);
    return new window.Chart(box.querySelector("canvas"), {
      type: "line",
      data: { labels: said.labels, datasets: datasets(said.series) },
      options: options(box),
    });
  }
  if (!window.Chart) return;
  const charts = [...document.querySelectorAll("[data-chart]")].map((box) => [box, draw(box)]);
  new MutationObserver(() => charts.forEach((pair) => { // the theme follows the system's
    pair[1].destroy();
    pair[1] = draw(pair[0]);
  })).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
})();
