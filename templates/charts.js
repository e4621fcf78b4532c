// Small drawings: intervals, bars and curves. What is not known is not drawn.

/** Return the reach of the axis of edges: nine of ten intervals end within it. */
function intervalReach(wallets) {
  const ends = ["edge_low_bps", "edge_high_bps"].flatMap((name) => Array.from(wallets.columns.get(name).values, Math.abs));
  ends.sort((a, b) => a - b);
  return Math.max(1, ends[Math.floor(ends.length * 0.9)] ?? 1);
}

/** Return an interval around zero; an end beyond the axis is cut. */
function intervalPicture(wallets, row, reach) {
  const picture = draw("svg", { class: "interval", viewBox: "0 0 100 12", preserveAspectRatio: "none", "aria-hidden": "true" });
  picture.append(draw("path", { class: "interval-zero", d: "M50 0v12" }));
  const value = wallets.value("edge_bps", row);
  if (Number.isNaN(value)) return picture;
  const x = (bps) => 50 + 48 * Math.max(-1, Math.min(1, bps / reach));
  const [low, high] = [wallets.value("edge_low_bps", row), wallets.value("edge_high_bps", row)];
  const kind = low > 0 ? " is-above" : high < 0 ? " is-below" : "";
  picture.append(
    draw("path", { class: `interval-line${kind}`, d: `M${x(low)} 6H${x(high)}` }),
    draw("path", { class: `interval-value${kind}`, d: `M${x(value) - 1.2} 2h2.4v8h-2.4z` }),
  );
  return picture;
}

/** Return bars of a wallet's activity over the recording. */
function activityPicture(wallets, row) {
  const all = wallets.columns.get("activity").codes;
  const n = wallets.n ? all.length / wallets.n : 0;
  const width = Math.max(1, n * 5 - 1);
  let bars = "";
  for (let i = 0; i < n; i += 1) {
    const height = all[row * n + i];
    if (height) bars += `M${i * 5} 30v${-height}h4v${height}z`;
  }
  const most = wallets.text("most_active", row) ?? "0";
  return draw(
    "svg", { class: "activity", viewBox: `0 0 ${width} 30`, preserveAspectRatio: "none", role: "img" },
    draw("title", {}, `Executions over the recording, in ${n} equal slices, at most ${most} in one`),
    draw("path", { class: "activity-bars", d: bars }),
    draw("path", { class: "activity-base", d: `M0 29.75h${width}` }),
  );
}

/** Return a bar from the middle to a share between -1 and 1. */
function signedBar(share) {
  const width = Math.min(1, Math.abs(share)) * 50;
  return draw(
    "svg", { class: "signed-bar", viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
    draw("rect", { class: share < 0 ? "is-less" : "is-more", x: share < 0 ? 50 - width : 50, width, height: 8 }),
    draw("rect", { class: "bar-middle", x: 49.7, width: 0.6, height: 8 }),
  );
}

/** Return where a share between 0 and 1 lies on a line. */
function placeBar(share) {
  return draw(
    "svg", { class: "place-bar", viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
    draw("rect", { class: "place-track", y: 3, width: 100, height: 2 }),
    draw("rect", { class: "place-mark", x: Math.max(0, Math.min(97, share * 100 - 1.5)), width: 3, height: 8 }),
  );
}

/** Return bars above and below zero, one for each number; a number that is not known has none. */
function columnsPicture(values, title) {
  const reach = Math.max(...values.map((value) => Math.abs(value ?? 0)), 1e-9);
  const width = values.length * 10;
  const parts = values.map((value, i) => {
    if (value === null || Number.isNaN(value)) return "";
    const height = Math.max(0.6, (Math.abs(value) / reach) * 30);
    return draw("rect", { class: value < 0 ? "is-less" : "is-more", x: i * 10 + 1, y: value < 0 ? 32 : 32 - height, width: 8, height });
  });
  return draw(
    "svg", { class: "columns", viewBox: `0 0 ${width} 64`, preserveAspectRatio: "none", role: "img" },
    draw("title", {}, title), draw("path", { class: "columns-zero", d: `M0 32h${width}` }), ...parts,
  );
}

const POINTS_HEIGHT = 72;

/** Return a line through points side by side, each with its label and number below; unknown ones break it. */
function pointsFigure(points) {
  const known = points.map(({ value }) => value).filter((value) => !Number.isNaN(value));
  const [low, high] = [Math.min(0, ...known), Math.max(0, ...known)];
  const x = (i) => (((i + 0.5) / points.length) * 100).toFixed(2);
  const y = (value) => (POINTS_HEIGHT - 8 - ((value - low) / (high - low || 1)) * (POINTS_HEIGHT - 16)).toFixed(1);
  const isKnown = (i) => i >= 0 && !Number.isNaN(points[i].value);
  const line = points.map(({ value }, i) => (isKnown(i) ? `${isKnown(i - 1) ? "L" : "M"}${x(i)} ${y(value)}` : "")).join("");
  const dots = points.map(({ value }, i) => (isKnown(i) ? draw("path", { class: value < 0 ? "point is-below" : "point", d: `M${x(i)} ${y(value)}h0` }) : ""));
  const picture = draw(
    "svg", { class: "points", viewBox: `0 0 100 ${POINTS_HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    draw("path", { class: "curve-zero", d: `M0 ${y(0)}h100` }), draw("path", { class: "points-line", d: line }), ...dots,
  );
  const axis = make("dl", "points-axis", ...points.map(({ label, text }) => make("div", "", make("dt", "", label), make("dd", text === null ? "unknown" : "numbers", text ?? "not known"))));
  axis.style.gridTemplateColumns = `repeat(${points.length}, minmax(0, 1fr))`;
  return make("div", "", picture, axis);
}

const DIFFERENCE_HEIGHT = 96;

/** Return the difference of two models over time with its interval, and the margin that matters. */
function differenceFigure(curve, margin) {
  const [first, last] = [curve[0], curve.at(-1)];
  const reach = Math.max(...curve.map(({ low, high }) => Math.max(-low, high)), margin) * 1.05;
  const x = ({ n_blocks: n }) => (((n - first.n_blocks) / (last.n_blocks - first.n_blocks || 1)) * 100).toFixed(2);
  const y = (value) => ((1 - value / reach) * (DIFFERENCE_HEIGHT / 2)).toFixed(1);
  const through = (points, name) => points.map((point) => `${x(point)} ${y(point[name])}`).join("L");
  const band = `M${through(curve, "low")}L${through([...curve].reverse(), "high")}Z`;
  const picture = draw(
    "svg", { class: "difference", viewBox: `0 0 100 ${DIFFERENCE_HEIGHT}`, preserveAspectRatio: "none", role: "img" },
    draw("title", {}, `Difference of skill from ${first.n_blocks} to ${last.n_blocks} blocks, with its interval`),
    draw("path", { class: "difference-band", d: band }), draw("path", { class: "curve-zero", d: `M0 ${y(0)}h100` }),
    ...[margin, -margin].map((value) => draw("path", { class: "difference-margin", d: `M0 ${y(value)}h100` })),
    draw("path", { class: "points-line", d: `M${through(curve, "value")}` }),
  );
  const axis = make("p", "difference-axis numbers", make("span", "", `after ${commas(first.n_blocks)} blocks`), make("span", "", `${commas(last.n_blocks)} blocks`));
  const says = make("p", "difference-says", `Overall difference and its interval; above 0 the challenger is better, dashes are the margin of ${margin}.`);
  return make("div", "difference-figure", picture, axis, says);
}
