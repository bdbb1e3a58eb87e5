// Draws what stands in data-chart: {"title", "kind": "bar" | "line", "days", "points", "money"}.
"use strict";

function drawCharts(root) {
  for (const place of root.querySelectorAll("[data-chart]:not([data-drawn])")) {
    const told = JSON.parse(place.dataset.chart);
    const chart = echarts.init(place, null, { renderer: "canvas" });
    const said = (value) => (told.money ? `¥${Number(value).toLocaleString("zh-CN", { minimumFractionDigits: 2 })}` : String(value));
    chart.setOption({
      animation: false,
      aria: { enabled: true },
      grid: { left: 8, right: 8, top: 16, bottom: 8, containLabel: true },
      tooltip: { trigger: "axis", valueFormatter: said, renderMode: "richText" },
      xAxis: { type: "category", data: told.days.map((day) => day.slice(5)), axisLabel: { color: "#4b5563" } },
      yAxis: { type: "value", axisLabel: { color: "#4b5563" }, minInterval: told.money ? 0 : 1 },
      series: [{ type: told.kind, data: told.points, name: told.title, itemStyle: { color: "#0b6e4f" }, areaStyle: told.kind === "line" ? { opacity: 0.12 } : undefined, showSymbol: false }],
    });
    place.dataset.drawn = "yes";
    new ResizeObserver(() => chart.resize()).observe(place);
  }
}

document.addEventListener("DOMContentLoaded", () => drawCharts(document));
document.addEventListener("htmx:afterSettle", (event) => drawCharts(event.target.parentElement ?? document));
