// What tests/reporting/test_browser.py wants to know of a page.
(() => {
  const box = (element) => element.getBoundingClientRect();
  const texts = (root, selector) => [...root.querySelectorAll(selector)].filter((text) => text.textContent.trim());
  const plots = [...document.querySelectorAll("figure svg")];
  const isCut = (text, plot) => {
    const [inner, outer] = [box(text), box(plot)];
    return inner.left < outer.left - 1 || inner.right > outer.right + 1
      || inner.top < outer.top - 1 || inner.bottom > outer.bottom + 1;
  };
  const overlap = (plot, axis, begin, end) => {
    const labels = texts(plot, `.axis.${axis} text`).map((text) => box(text)).sort((a, b) => a[begin] - b[begin]);
    return labels.some((label, number) => number && label[begin] < labels[number - 1][end]);
  };
  const style = getComputedStyle(document.body);
  return {
    plots: plots.map((plot) => ({ width: box(plot).width, height: box(plot).height })),
    cut: plots.flatMap((plot) => texts(plot, "text").filter((text) => isCut(text, plot))
      .map((text) => text.textContent)),
    overlapping: plots.filter((plot) => overlap(plot, "x", "left", "right") || overlap(plot, "y", "top", "bottom"))
      .map((plot) => plot.getAttribute("aria-label")),
    clipped: [...document.querySelectorAll("h1, h2, h3, p, li, dt, dd")]
      .filter((text) => text.scrollWidth > text.clientWidth + 1).map((text) => text.textContent),
    beyond: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    colors: [style.color, style.backgroundColor],
    drawn: [...document.querySelectorAll("figure svg .reactive")].map((shape) => getComputedStyle(shape).fill)
      .concat([...document.querySelectorAll("figure svg .line.reactive")]
        .map((shape) => getComputedStyle(shape).stroke)),
  };
})()
