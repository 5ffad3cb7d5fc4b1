// What the tests ask a page. Chromium runs this before the page's own scripts; the page's policy does not apply to it.
"use strict";

window.looking = (() => {
  const noted = { refused: [], shift: 0, shifted: [] };
  document.addEventListener("securitypolicyviolation", (event) =>
    noted.refused.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`));
  new PerformanceObserver((list) => {
    for (const { hadRecentInput, value, sources } of list.getEntries()) {
      if (hadRecentInput) continue;
      noted.shift += value;
      noted.shifted.push(...sources.map(({ node }) => (node ? named(node) : "gone")));
    }
  }).observe({ type: "layout-shift", buffered: true });

  const all = (selector) => [...document.querySelectorAll(selector)];
  const visible = (one) => one.checkVisibility({ visibilityProperty: true });
  const texts = (one) =>
    [...one.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data.trim()).filter(Boolean);
  const named = (one) => `${one.nodeName} ${one.className || ""} “${one.textContent.trim().slice(0, 40)}”`;

  // Everything that can be unfolded is, but the menu, which would lie over the rest.
  const unfold = () => all("details:not(.menu)").forEach((one) => { one.open = true; });

  // Two frames: what a late file would move has moved.
  const calm = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));

  // Every text that is visible. Heads of columns do not count: on narrow screens each cell says its own. Clocks go on.
  const words = () => {
    unfold();
    return [...new Set(all("body *").filter((one) => !one.closest("thead, script, option, [data-out]") && visible(one)).flatMap(texts))];
  };

  // What of the texts is beside the screen or cut off. Code and spreadsheets may scroll within themselves.
  const lost = () => {
    const found = [], wide = document.documentElement.scrollWidth;
    if (wide > innerWidth) found.push(`scrolls sideways: ${wide} px`);
    for (const one of all("body *")) {
      if (one.closest(".unseen, .kern-sr-only, .skip, .scrolls, pre, svg, option") || !visible(one) || !texts(one).length) continue;
      const { left, right } = one.getBoundingClientRect();
      if (right > innerWidth + 1 || left < -1) found.push(`beside the screen: ${named(one)}`);
      const cut = one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1;
      if (cut && /hidden|clip/.test(getComputedStyle(one).overflow)) found.push(`cut off: ${named(one)}`);
    }
    return found.slice(0, 5);
  };

  // Bytes of the page and of everything that it loaded.
  const loaded = () =>
    ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind)).reduce((sum, one) => sum + one.transferSize, 0);

  const reachable = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";

  // How many stops the Tab key must make: one of each group of radio buttons.
  const wanted = () => {
    const found = all(reachable).filter((one) => !one.disabled && visible(one));
    const groups = new Set(found.filter((one) => one.type === "radio").map((one) => one.name));
    return found.filter((one) => one.type !== "radio").length + groups.size;
  };

  const visited = new Set();

  // Where the focus is: what is said there, where it lies on the page (left, top, right, bottom), whether it is visible,
  // and whether something lies over it. Null at the end.
  const stop = () => {
    const one = document.activeElement;
    if (!one || one === document.body || visited.has(one)) return null;
    visited.add(one);
    const { outlineStyle, outlineWidth } = getComputedStyle(one);
    const label = one.labels && one.labels[0];
    const { left, top, width, height } = one.getClientRects()[0];
    const above = document.elementFromPoint(left + width / 2, top + height / 2);
    return {
      words: (one.ariaLabel || (label || one).innerText).replace(/\s+/g, " ").trim(),
      box: [left + scrollX, top + scrollY, left + scrollX + width, top + scrollY + height],
      seen: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
      free: Boolean(above && (one.contains(above) || above.contains(one) || (label && label.contains(above)))),
    };
  };

  // By the rules that bear these tags; where `rules` are named, by those alone.
  const audit = async (tags, rules) => {
    unfold();
    const runOnly = rules.length ? { type: "rule", values: rules } : { type: "tag", values: tags };
    const { violations } = await axe.run(document, { runOnly, resultTypes: ["violations"] });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id} at ${node.target.join(" ")}: ${node.failureSummary.replace(/\s+/g, " ").slice(0, 300)}`));
  };

  // As people set the size of text in their browser, in per cent.
  const enlarge = (percent) => { document.documentElement.style.fontSize = `${percent}%`; };

  return { noted, calm, words, lost, loaded, wanted, stop, audit, enlarge };
})();
