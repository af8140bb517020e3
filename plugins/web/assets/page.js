// Puts a chart that answers to the pointer in the place of each that the server has drawn. Without this file all is readable.
'use strict';

(() => {
  const dashes = [[], [7, 4], [2, 4], [10, 3, 2, 3], [4, 3], []];
  const numbers = new Intl.NumberFormat('en');
  const height = 240;
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

  function bytesText(value) {
    const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
    return `${numbers.format(Math.round(value / 10 ** (3 * power - 1)) / 10)} ${units[power]}`;
  }

  const pad = (number) => String(number).padStart(2, '0');

  function timeText(seconds) {
    const date = new Date(seconds * 1000);
    const day = `${date.getUTCFullYear()}-${pad(date.getUTCMonth() + 1)}-${pad(date.getUTCDate())}`;
    return `${day} ${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}`;
  }

  // The day where it begins, the hour within it.
  function tickText(seconds) {
    const text = timeText(seconds);
    return text.endsWith('00:00') ? text.slice(5, 10) : text.slice(11);
  }

  function draw(figure, { times, lines, bytes }) {
    const amount = bytes ? bytesText : (value) => numbers.format(value);
    const plot = figure.querySelector('.plot');
    const tip = document.createElement('p');
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const axis = {
      stroke: colour('--soft'),
      font: '12px system-ui, sans-serif',
      grid: { stroke: colour('--rule'), width: 1 },
      ticks: { show: false },
    };
    tip.className = 'tip';
    tip.textContent = 'Point at the chart for its numbers.';
    plot.replaceChildren();
    const chart = new uPlot(
      {
        width: plot.clientWidth,
        height,
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
        cursor: { y: false, drag: { x: true, y: false } },
        scales: { y: { range: (_, low, high) => [Math.min(0, low), Math.max(1, high * 1.08)] } },
        axes: [
          { ...axis, values: (_, ticks) => ticks.map(tickText) },
          { ...axis, size: 64, values: (_, ticks) => ticks.map(amount) },
        ],
        series: [
          {},
          ...lines.map(({ name }, index) => ({
            label: name,
            stroke: colour(`--line-${index % 6}`),
            dash: dashes[index % 6],
            width: 2,
            points: { show: times.length === 1 },
          })),
        ],
        hooks: {
          setCursor: [
            ({ cursor: { idx } }) => {
              if (idx === null || idx === undefined) return;
              const values = lines.map(({ name, values: all }) => `${name} ${amount(all[idx])}`);
              tip.textContent = `${timeText(times[idx] / 1000)}: ${values.join(', ')}`;
            },
          ],
        },
      },
      [times.map((time) => time / 1000), ...lines.map(({ values }) => values)],
      plot,
    );
    chart.root.setAttribute('aria-hidden', 'true');
    plot.append(tip);
    return chart;
  }

  function show(figure) {
    const series = JSON.parse(figure.dataset.series);
    if (series.times.length < 2) return;
    let chart = draw(figure, series);
    const again = () => {
      chart.destroy();
      chart = draw(figure, series);
    };
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', again);
    let width = innerWidth;
    addEventListener('resize', () => {
      if (width === innerWidth) return;
      width = innerWidth;
      again();
    });
  }

  if (typeof uPlot === 'function') document.querySelectorAll('figure[data-series]').forEach(show);
})();
