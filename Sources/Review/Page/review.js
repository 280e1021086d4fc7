"use strict";
// The page of 'earmark review'. Names and labels come from files and models: they are only ever set as text.
(() => {
  const $ = (id) => document.getElementById(id);
  const limit = 200;
  const marks = { accept: "✓", reject: "✗", unsure: "?", disputed: "≠" };
  const words = { accept: "accepted", reject: "rejected", unsure: "unsure", disputed: "disputed" };
  let facts = null;      // of the whole review
  let queue = [];        // the events that were loaded, in order
  let generation = 0;    // to which the numbers of the queue's events belong
  let total = 0;
  let place = -1;        // of the shown event in the queue
  let detail = null;     // of the shown event
  let part = 0;
  let draft = null;      // borders as the reviewer would have them
  let asked = 0;         // counts loads of the queue, so that an old answer does not replace a new one
  let shown = 0;         // counts shown events, likewise
  let wanted = null;     // the event of the address, to be shown again after a reload of the page
  const details = new Map();

  // The token came with the first load and is in a cookie now: it need not stay in the address.
  if (new URLSearchParams(location.search).has("token")) {
    history.replaceState(null, "", location.pathname + location.hash);
  }

  const visible = (text) => text.replace(/[\u0000-\u001f\u007f]/g, (c) =>
    String.fromCharCode(c === "\u007f" ? 0x2421 : 0x2400 + c.charCodeAt(0)));
  const bdi = (text) => {
    const element = document.createElement("bdi");
    element.textContent = visible(text);
    return element;
  };
  const make = (name, className, ...content) => {
    const element = document.createElement(name);
    if (className) element.className = className;
    element.append(...content);
    return element;
  };
  const svg = (name, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  const number = (value, digits) => Number(value.toFixed(digits)).toString();
  const grouped = (value) => value.toLocaleString("en");
  const counted = (count, noun) => `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;
  const clock = (seconds) => {
    const whole = Math.floor(seconds);
    const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    const two = (value) => String(value).padStart(2, "0");
    return (h ? `${h}:${two(m)}` : m) + ":" + two(s) + (seconds - whole).toFixed(2).slice(1);
  };

  let quiet;
  const say = (text) => {
    $("message").textContent = text;
    clearTimeout(quiet);
    quiet = setTimeout(() => { $("message").textContent = ""; }, 6000);
  };

  class Refusal extends Error {
    constructor(status, text) { super(text); this.status = status; }
  }
  const ask = async (address, body) => {
    let answer;
    try {
      answer = await fetch(address, body === undefined ? { credentials: "same-origin" } : {
        method: "POST", credentials: "same-origin", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
      });
    } catch {
      throw new Refusal(0, `'earmark review' does not answer; if it ended, start it with --port ${location.port} and open its address here`);
    }
    if (!answer.ok) throw new Refusal(answer.status, (await answer.text()) || answer.statusText);
    return answer.headers.get("Content-Type") === "application/json" ? answer.json() : answer.text();
  };

  // MARK: who

  const reviewer = () => $("reviewer").value.trim() || (facts ? facts.reviewer : "");
  const storageName = "earmark-reviewer";
  try { $("reviewer").value = localStorage.getItem(storageName) || ""; } catch { /* kept for this page alone */ }
  $("reviewer").addEventListener("change", () => {
    try { localStorage.setItem(storageName, $("reviewer").value.trim()); } catch { /* as above */ }
    details.clear();
    load(true);
  });

  // A query's text. The server takes a plus sign for itself, so a blank must not be written as one.
  const encoded = (parameters) => new URLSearchParams(parameters).toString().replaceAll("+", "%20");

  // MARK: the queue

  const filter = $("filter");
  const fields = ["class", "text", "low", "high", "order", "sample", "seed"];
  const filterParameters = () => {
    const found = new URLSearchParams();
    for (const name of fields) if (filter.elements[name].value) found.set(name, filter.elements[name].value);
    if (filter.elements.open.checked) found.set("judged", "no");
    return found;
  };
  const remember = () => {
    const found = filterParameters();
    if (place >= 0 && queue[place]) found.set("event", `${generation}-${queue[place].id}`);
    history.replaceState(null, "", "#" + found);
  };
  const recall = () => {
    const found = new URLSearchParams(location.hash.slice(1));
    for (const name of fields) if (found.has(name)) filter.elements[name].value = found.get(name);
    filter.elements.open.checked = found.get("judged") === "no";
    wanted = found.get("event");
  };

  // What is loaded first, or behind what was loaded.
  const load = async (fromStart) => {
    const own = ++asked;
    const parameters = filterParameters();
    parameters.set("reviewer", reviewer());
    parameters.set("limit", limit);
    // Of those not yet judged, judged ones have gone from the front since: what is loaded counts without them.
    const isOpen = filter.elements.open.checked;
    const offset = fromStart ? 0 : isOpen ? queue.filter((event) => !event.own || unsentOf(event)).length : queue.length;
    parameters.set("offset", offset);
    let answer;
    try { answer = await ask("events?" + encoded(parameters)); } catch (error) {
      if (own === asked && error.status !== 503) say(error.message);
      return;
    }
    if (own !== asked) return;
    // What was found anew has other numbers.
    if (!fromStart && answer.generation !== generation) return load(true);
    generation = answer.generation;
    const known = new Set(fromStart ? [] : queue.map((event) => event.id));
    queue = (fromStart ? [] : queue).concat(answer.events.filter((event) => !known.has(event.id)));
    queue.forEach(withUnsent);
    total = answer.total;
    const hidden = isOpen ? queue.filter((event) => event.own && !unsentOf(event)).length : 0;
    $("more").hidden = queue.length - hidden >= total;
    if (fromStart) {
      const [ofGeneration, id] = (wanted || "").split("-").map(Number);
      const found = ofGeneration === generation ? queue.findIndex((event) => event.id === id) : -1;
      wanted = null;
      place = -1;
      drawList();
      if (queue.length) show(Math.max(found, 0), false); else empty();
    } else {
      drawList();
    }
  };

  const empty = () => {
    $("event").hidden = true;
    $("sound").pause();
    $("empty").hidden = false;
    $("empty").textContent = facts && facts.events === 0
      ? "No event is found at these thresholds: start the review with a lower --threshold."
      : filter.elements.open.checked ? "Nothing is left to judge here. Choose other classes, scores or names."
        : "No event fits. Choose other classes, scores or names.";
    remember();
  };

  const drawList = () => {
    const list = $("list");
    const isDoubt = filter.elements.order.value === "doubt";
    list.replaceChildren(...queue.map((event, index) => {
      const mark = make("span", "mark " + (event.own || event.verdict || ""));
      mark.textContent = isUnsent(event) ? "…" : marks[event.own || event.verdict] || "·";
      const score = make("span", "score", isDoubt ? "+" + event.above.toFixed(2) : event.score.toFixed(2));
      score.title = isDoubt ? "peak above the threshold" : "score";
      const button = make("button", "", mark, make("span", "name", bdi(event.label)),
        score, make("span", "where", clock(event.start) + "  ", bdi(event.clip)));
      button.type = "button";
      button.addEventListener("click", () => show(index, true));
      if (event.own) button.setAttribute("aria-label", `${event.label}, ${number(event.score, 2)}, ${event.clip}, ${words[event.own]}`);
      return make("li", "", button);
    }));
    $("total").textContent = `${counted(total, "event")}${queue.length < total ? `, ${grouped(queue.length)} of them listed` : ""}` +
      (isDoubt ? ", with how far the peak is above the threshold" : ", with the score");
    markCurrent();
  };
  const markCurrent = () => {
    [...$("list").children].forEach((item, index) => {
      const button = item.firstChild;
      if (index === place) {
        button.setAttribute("aria-current", "true");
        const [box, own] = [item.parentElement, item];
        if (getComputedStyle(box).overflowY === "auto") {
          if (own.offsetTop < box.scrollTop || own.offsetTop + own.offsetHeight > box.scrollTop + box.clientHeight) {
            box.scrollTop = own.offsetTop - box.clientHeight / 2;
          }
        } else { button.scrollIntoView({ block: "nearest" }); }
      } else { button.removeAttribute("aria-current"); }
    });
  };

  let typing;
  // A list is changed by drivers and some assistants without an event of input.
  for (const name of ["input", "change"]) filter.addEventListener(name, () => {
    clearTimeout(typing);
    typing = setTimeout(() => load(true), 150);
  });
  filter.addEventListener("submit", (event) => event.preventDefault());
  $("more").addEventListener("click", () => load(false));

  // MARK: one event

  const lead = () => Math.min(10, Math.max(0, Number($("lead").value) || 0));
  const address = (id, what, ofPart) =>
    `event/${id}/${what}?` + encoded({ generation, lead: lead(), part: ofPart, reviewer: reviewer() });
  const soundAddress = (id, ofPart) => `event/${id}/sound.wav?` + encoded({ generation, lead: lead(), part: ofPart });
  const pictureAddress = (id, ofPart) => `event/${id}/picture.png?` + encoded({ generation, lead: lead(), part: ofPart });

  const show = async (index, isMoved, ofPart = 0) => {
    if (index < 0 || index >= queue.length) return;
    place = index;
    part = ofPart;
    const own = ++shown;
    const event = queue[index];
    $("empty").hidden = true;
    $("event").hidden = false;
    if (!ofPart) draft = { start: event.start, end: event.end };
    detail = null;
    head(event);
    $("marks").replaceChildren();
    $("curve").replaceChildren();
    $("axis").replaceChildren();
    for (const id of ["others-box", "near-box", "said-box", "parts"]) $(id).hidden = true;
    $("mel").classList.remove("gone");
    $("mel-fault").hidden = $("sound-fault").hidden = $("sound-note").hidden = true;
    $("mel").alt = `Log-mel spectrogram around the event, ${event.label}`;
    $("mel").src = pictureAddress(event.id, part);
    $("sound").src = soundAddress(event.id, part);
    if ($("autoplay").checked && isMoved) play();
    markCurrent();
    remember();
    if (isMoved) $("label").focus({ preventScroll: true });
    try {
      const key = address(event.id, "detail", part);
      const answer = await (details.get(key) || ask(key));
      details.delete(key);
      if (own !== shown) return;
      detail = answer;
      Object.assign(event, detail.event);
      withUnsent(event);
      // Borders that were corrected before are shown, and kept when the event is accepted again.
      const mine = detail.judgements.filter((said) => said.reviewer === reviewer()).pop();
      if (!ofPart && mine && mine.verdict === "accept" && draft.start === event.start && draft.end === event.end) {
        draft = { start: mine.start ?? event.start, end: mine.end ?? event.end };
      }
      head(event);
      draw();
      borders();
    } catch (error) {
      if (own !== shown) return;
      if (error.status === 409) return renew(error.message);
      say(error.message);
    }
    ahead(index + 1, own);
  };

  // The next event's picture, curve and sound are made while this one is heard.
  const ahead = (index, own) => {
    const event = queue[index];
    if (!event || own !== shown) return;
    new Image().src = pictureAddress(event.id, 0);
    const key = address(event.id, "detail", 0);
    if (!details.has(key)) {
      if (details.size > 8) details.clear();
      const answer = ask(key);
      answer.catch(() => details.delete(key));
      details.set(key, answer);
    }
    fetch(soundAddress(event.id, 0), { headers: { Range: "bytes=0-0" } }).catch(() => {});
    if (index + 5 >= queue.length && !$("more").hidden) load(false);
  };

  const renew = (text) => {
    say(text);
    details.clear();
    refresh().then(() => load(true));
  };

  const head = (event) => {
    $("label").firstChild.textContent = visible(event.label);
    $("verdict").className = "verdict " + (event.own || event.verdict || "");
    $("verdict").textContent = event.own ? `${words[event.own]} by you${event.verdict === "disputed" ? ", disputed" : ""}${isUnsent(event) ? ", not kept yet" : ""}`
      : event.verdict ? words[event.verdict] : "";
    $("place").textContent = `${grouped(place + 1)} of ${grouped(Math.max(total, queue.length))}`;
    $("facts").textContent = `${clock(event.start)} to ${clock(event.end)} (${number(event.end - event.start, 2)} s) · score ` +
      `${event.score.toFixed(3)} · peak ${event.peak.toFixed(3)}` + (detail ? ` · threshold ${number(detail.threshold, 3)}` : "");
    $("path").firstChild.textContent = visible(event.path.endsWith(event.clip) ? event.path : `${event.clip}: ${event.path}`);
    const columns = detail ? detail.columns : [];
    $("columns").hidden = !columns.length;
    $("columns").replaceChildren(...columns.flatMap((column, at) =>
      [at ? " · " : "", `${visible(column.name)} `, bdi(column.value)]));
    for (const verdict of ["accept", "reject", "unsure"]) {
      $(verdict).setAttribute("aria-pressed", event.own === verdict);
      $(verdict).disabled = facts && !facts.writable;
    }
    $("undo").disabled = !(stack().length || event.own);
    $("previous").disabled = place === 0;
    $("next").disabled = place + 1 >= queue.length && $("more").hidden;
    borders();
  };

  const x = (seconds) => (seconds - detail.from) / (detail.to - detail.from) * 1000;

  const draw = () => {
    const event = detail.event;
    const curve = $("curve");
    curve.replaceChildren();
    const height = (score) => 100 - Math.min(1, Math.max(0, score)) * 96 - 2;
    curve.append(svg("rect", { class: "span", x: x(event.start), width: Math.max(0, x(event.end) - x(event.start)), y: 0, height: 100 }));
    let [line, area, end] = ["", "", -1];
    for (const step of detail.curve) {
      const [from, to, y] = [x(step.start).toFixed(2), x(step.end).toFixed(2), height(step.score).toFixed(2)];
      line += step.start > end + 1e-9 ? `M${from} ${y}H${to}` : `V${y}H${to}`;
      area += `M${from} 100V${y}H${to}V100Z`;
      end = step.end;
    }
    curve.append(svg("path", { class: "area", d: area }), svg("path", { class: "line", d: line }));
    const y = height(detail.threshold);
    curve.append(svg("line", { class: "threshold", x1: 0, x2: 1000, y1: y, y2: y }), svg("line", { class: "head", y1: 0, y2: 100 }));
    $("threshold-text").textContent = `threshold ${number(detail.threshold, 3)}`;
    $("threshold-text").style.top = (y < 25 ? y + 22 : y) + "%";
    curve.setAttribute("aria-label", detail.fault ? "No score curve" :
      `Score of ${event.label} over time, at most ${number(Math.max(0, ...detail.curve.map((s) => s.score)), 2)}; threshold ${number(detail.threshold, 2)}`);
    const hertz = (value) => value >= 1000 ? `${number(value / 1000, 1)} kHz` : `${Math.round(value)} Hz`;
    document.querySelector(".hertz.high").textContent = detail.high ? hertz(detail.high) : "";
    document.querySelector(".hertz.low").textContent = detail.low !== undefined && detail.low !== null ? hertz(detail.low) : "";
    if (detail.fault) { $("sound-fault").hidden = false; $("sound-fault").textContent = "The score curve: " + detail.fault; }
    drawMarks();
    drawAxis();
    $("parts").hidden = detail.parts < 2;
    $("part-text").textContent = `${detail.part + 1} of ${detail.parts}: a long event is shown a minute at a time`;
    $("part-before").disabled = detail.part === 0;
    $("part-after").disabled = detail.part + 1 >= detail.parts;
    fill("others", detail.others.map((other) => {
      const button = make("button", "", bdi(other.label), " ", make("span", "num", other.score.toFixed(2)));
      button.type = "button";
      button.title = "This class is heard instead";
      button.addEventListener("click", () => judge("accept", other.label));
      return button;
    }));
    fill("near", detail.near.map((event) => make("span", event.verdict || "", `${marks[event.verdict] || "·"} `, bdi(event.label),
      make("span", "num", ` ${clock(event.start)} to ${clock(event.end)}, ${event.score.toFixed(2)}`))));
    fill("said", detail.judgements.map((said) => {
      const changes = [said.label ? ["it is ", bdi(said.label)] : [],
        said.start !== null && said.start !== undefined ? [`from ${clock(said.start)}`] : [],
        said.end !== null && said.end !== undefined ? [`to ${clock(said.end)}`] : []].filter((change) => change.length);
      const item = make("span", "", bdi(said.reviewer), ": ", make("b", said.verdict, words[said.verdict]));
      for (const change of changes) item.append(", ", ...change);
      item.append(make("span", "num", "  " + new Date(said.time).toLocaleString()));
      return item;
    }));
    borders();
  };
  const fill = (id, items) => {
    $(id).replaceChildren(...items.map((item) => make("li", "", item)));
    $(id + "-box").hidden = !items.length;
  };

  const drawMarks = () => {
    const event = detail.event;
    const box = $("marks");
    box.replaceChildren();
    const [from, to] = [Math.max(0, x(event.start)), Math.min(1000, x(event.end))];
    box.append(svg("rect", { class: "outside", x: 0, y: 0, width: Math.max(0, from), height: 100 }));
    box.append(svg("rect", { class: "outside", x: to, y: 0, width: Math.max(0, 1000 - to), height: 100 }));
    const line = (className, at) => {
      if (at >= 0 && at <= 1000) box.append(svg("line", { class: className, x1: at, x2: at, y1: 0, y2: 100 }));
    };
    for (const at of [x(event.start), x(event.end)]) { line("shade", at); line("edge", at); }
    if (isMoved("start")) line("draft", x(draft.start));
    if (isMoved("end")) line("draft", x(draft.end));
    box.append(svg("line", { class: "head", y1: 0, y2: 100 }));
    follow();
  };

  const drawAxis = () => {
    const length = detail.to - detail.from;
    const most = Math.max(2, Math.min(9, $("figure").clientWidth / 75));
    const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30].find((step) => length / step <= most) || 60;
    const labels = [];
    for (let tick = Math.ceil(detail.from / step - 1e-9); tick * step <= detail.to + 1e-9; tick++) {
      const label = make("span", "", clock(tick * step).replace(/(\.\d)0$/, "$1").replace(/\.0$/, ""));
      const at = x(tick * step) / 10;
      const edge = 2500 / Math.max(1, $("figure").clientWidth);
      if (at < edge) label.className = "first";
      if (at > 100 - edge) label.className = "last";
      label.style.left = at + "%";
      labels.push(label);
    }
    $("axis").replaceChildren(...labels);
  };

  const position = () => (detail ? detail.from : 0) + $("sound").currentTime;
  const follow = () => {
    if (!detail) return;
    const at = x(position());
    for (const head of document.querySelectorAll("svg .head")) { head.setAttribute("x1", at); head.setAttribute("x2", at); }
  };
  const animate = () => { follow(); if (!$("sound").paused) requestAnimationFrame(animate); };
  $("sound").addEventListener("play", animate);
  for (const name of ["timeupdate", "seeked"]) $("sound").addEventListener(name, follow);

  const reason = async (url) => {
    try { const answer = await fetch(url); return answer.ok ? "the browser cannot show it" : (await answer.text()) || answer.statusText; }
    catch { return "'earmark review' does not answer"; }
  };
  $("mel").addEventListener("error", async () => {
    const own = shown;
    const text = await reason($("mel").src);
    if (own !== shown) return;
    $("mel").classList.add("gone");
    $("mel-fault").hidden = false;
    $("mel-fault").textContent = "No picture: " + text;
  });
  $("sound").addEventListener("error", async () => {
    if (!$("sound").getAttribute("src")) return;
    const own = shown;
    const text = await reason($("sound").src);
    if (own !== shown) return;
    $("sound-fault").hidden = false;
    $("sound-fault").textContent = "No sound: " + text;
  });
  // What the sound has less of than the recording.
  const less = { channels: "the mean of its channels", rate: "at 48 kHz", bits: "with 16 bits" };
  $("sound").addEventListener("loadedmetadata", async () => {
    const own = shown;
    try {
      const answer = await fetch($("sound").src, { headers: { Range: "bytes=0-0" } });
      const reduced = (answer.headers.get("X-Earmark-Reduced") || "").split(" ").filter((word) => less[word]);
      if (own !== shown || !reduced.length) return;
      $("sound-note").hidden = false;
      $("sound-note").textContent = "Played as browsers can: " + reduced.map((word) => less[word]).join(", ") + ".";
    } catch { /* the player tells what is wrong */ }
  });
  const play = () => $("sound").play().catch((error) => {
    if (error.name === "NotAllowedError") say("The browser plays sound only after a key or a click: press Space.");
  });
  const toggle = () => { if ($("sound").paused) play(); else $("sound").pause(); };
  $("figure").addEventListener("click", (event) => {
    if (!detail) return;
    const box = $("figure").getBoundingClientRect();
    $("sound").currentTime = Math.max(0, (event.clientX - box.left) / box.width * (detail.to - detail.from));
    follow();
  });
  $("part-before").addEventListener("click", () => show(place, true, part - 1));
  $("part-after").addEventListener("click", () => show(place, true, part + 1));
  $("lead").addEventListener("change", () => show(place, false, part));

  // MARK: borders

  const isMoved = (side) => draft && queue[place] && Math.abs(draft[side] - queue[place][side]) > 0.0005;
  const borders = () => {
    if (!draft) return;
    for (const side of ["start", "end"]) if (document.activeElement !== $(side)) $(side).value = number(draft[side], 3);
    const moved = ["start", "end"].filter(isMoved);
    $("borders").disabled = !moved.length;
    $("borders-text").textContent = moved.length ? "Accept keeps these borders." : "";
    if (detail) drawMarks();
  };
  const setBorder = (side, seconds) => {
    if (!draft || !Number.isFinite(seconds)) return;
    draft[side] = Math.max(0, Math.round(seconds * 1000) / 1000);
    borders();
  };
  for (const side of ["start", "end"]) $(side).addEventListener("input", () => setBorder(side, parseFloat($(side).value)));
  $("borders").addEventListener("click", () => {
    draft = { start: queue[place].start, end: queue[place].end };
    borders();
  });

  // MARK: judging

  // The judgements that this page made, in this window, with what was judged: kept over a reload.
  const stackName = () => "earmark-judgements " + (facts ? facts.cache : "");
  const stack = () => { try { return JSON.parse(sessionStorage.getItem(stackName())) || []; } catch { return []; } };
  const setStack = (value) => { try { sessionStorage.setItem(stackName(), JSON.stringify(value.slice(-200))); } catch { /* only this event's */ } };

  // What the reviewer asks for is done one after the other, also what is typed while a judgement is on its way.
  let work = Promise.resolve();
  const inOrder = (action) => {
    work = work.then(action).catch((error) => say(error.message));
    return work;
  };

  // Judgements and undos that the server has not confirmed, in order: kept over a reload, and sent again until it does.
  const waitingName = () => "earmark-waiting " + (facts ? facts.cache : "");
  let waiting = null;
  let failure = null;    // why the first of them could not be kept, the last time that it was sent
  let retry;
  const refused = new Set();  // keys of judgements that the server will never take
  const unsent = () => {
    if (!waiting && facts) { try { waiting = JSON.parse(sessionStorage.getItem(waitingName())); } catch { /* none */ } }
    return waiting || [];
  };
  const setUnsent = (list) => {
    waiting = list;
    try { sessionStorage.setItem(waitingName(), JSON.stringify(list)); } catch { /* kept for this page alone */ }
    const count = list.length;
    $("unsent").hidden = !count || !failure;
    $("unsent").textContent = failure ? `${counted(count, "judgement")} ${count === 1 ? "is" : "are"} not kept yet: ${visible(failure)}. ` +
      "This page sends them again until they are kept; leave it open." : "";
  };
  // The reviewer's own judgement of an event that is not kept yet, unless it was taken back.
  const unsentOf = (event) => {
    const undone = new Set(unsent().map((one) => one.undoes));
    return unsent().findLast((one) => one.verdict && one.event === event.id && one.generation === generation &&
      one.reviewer === reviewer() && !undone.has(one.key));
  };
  const isUnsent = (event) => Boolean(failure && unsentOf(event));
  const withUnsent = (event) => {
    const said = unsentOf(event);
    if (said) event.own = said.verdict;
    return event;
  };

  // The event that was judged, under its number among events that were reloaded since.
  const renumber = async (said) => {
    const answer = await ask("events?" + encoded({ class: said.shown.label, text: said.shown.clip, order: "time", limit: 500 }));
    const found = answer.events.find((event) => event.clip === said.shown.clip && event.start === said.shown.start && event.end === said.shown.end);
    if (!found) throw new Refusal(422, "the event is no longer found");
    if (answer.generation === said.generation) throw new Refusal(503, "the events are being reloaded");
    Object.assign(said, { event: found.id, generation: answer.generation });
  };

  // Sends the first of what waits. What the server will never take is left out, and said.
  const sendFirst = async () => {
    const first = unsent()[0];
    const rest = () => unsent().filter((one) => one !== first);
    const wasTried = first.tried;
    first.tried = true;
    try {
      if (first.verdict) {
        const { shown, tried, ...body } = first;
        const said = await ask("judge", body);
        setStack(stack().map((one) => one.key === first.key ? { ...one, id: said.id } : one));
        setUnsent(rest().map((one) => one.undoes === first.key ? { ...one, judgement: said.id } : one));
      } else {
        await ask("undo", { judgement: first.judgement, reviewer: first.reviewer });
        setUnsent(rest());
      }
    } catch (error) {
      if (error.status === 409 && first.verdict) {
        await renumber(first);
        setUnsent(unsent());
        return;
      }
      if (![400, 413, 422].includes(error.status)) throw error;
      // An undo whose answer was lost has been done.
      drop(first, first.verdict || !wasTried ? error.message : null);
    }
  };
  const drop = (one, reason) => {
    setUnsent(unsent().filter((other) => other !== one && (!one.key || other.undoes !== one.key)));
    if (one.key) {
      refused.add(one.key);
      setStack(stack().filter((other) => other.key !== one.key));
    }
    if (reason) say(`${one.verdict ? "Not kept" : "Not taken back"}: ${reason}`);
  };
  const send = async () => {
    clearTimeout(retry);
    while (unsent().length) {
      try { await sendFirst(); } catch (error) {
        // Found in 'renumber': it is not among the events any more.
        if (error.status === 422) {
          drop(unsent()[0], error.message);
          continue;
        }
        failure = error.message;
        setUnsent(unsent());
        retry = setTimeout(() => inOrder(send), 2000);
        return false;
      }
    }
    if (failure) {
      failure = null;
      setUnsent([]);
      say("All judgements are kept.");
      refresh();
      drawList();
      if (queue[place]) head(queue[place]);
    }
    return true;
  };
  // While something cannot be kept, what follows waits behind it.
  const sendNow = () => failure ? false : send();
  addEventListener("beforeunload", (event) => { if (unsent().length) event.preventDefault(); });

  let count = 0;
  const judge = (verdict, label) => inOrder(async () => {
    const event = queue[place];
    if (!event) return;
    if (!facts.writable) return say("This cache cannot be written: nothing can be judged.");
    const isAccepted = verdict === "accept";
    if (isAccepted && draft.end <= draft.start) return say("The end has to come after the start.");
    const said = { key: `${Date.now()}-${Math.random().toString(36).slice(2)}-${++count}`, generation, event: event.id, verdict, label: label || null,
      start: isAccepted && isMoved("start") ? draft.start : null, end: isAccepted && isMoved("end") ? draft.end : null, reviewer: reviewer(),
      shown: { clip: event.clip, label: event.label, start: event.start, end: event.end } };
    setStack(stack().concat({ key: said.key, event: event.id, generation, reviewer: said.reviewer }));
    setUnsent(unsent().concat(said));
    const isKept = await sendNow();
    if (refused.has(said.key)) return;
    event.own = verdict;
    event.verdict = event.verdict && event.verdict !== verdict ? "disputed" : verdict;
    if (isKept) {
      say(`${visible(event.label)}: ${label ? "is " + visible(label) : words[verdict]}`);
      refresh();
    }
    drawList();
    if (place + 1 >= queue.length && !$("more").hidden) await load(false);
    if (place + 1 < queue.length) show(place + 1, true);
    else { show(place, false); say("That was the last event of the queue."); }
  });

  const undo = () => inOrder(async () => {
    const made = stack();
    let last = made.pop();
    if (!last && detail) {
      const own = detail.judgements.filter((said) => said.reviewer === reviewer()).pop();
      if (own) last = { id: own.id, event: detail.event.id, generation: detail.generation, reviewer: own.reviewer };
    }
    if (!last) return say("There is nothing to undo.");
    const before = unsent();
    setUnsent(before.concat({ undoes: last.key || null, judgement: last.id ?? null, reviewer: last.reviewer }));
    setStack(made);
    const isKept = await sendNow();
    details.clear();
    if (isKept) refresh();
    const found = last.generation === generation ? queue.findIndex((event) => event.id === last.event) : -1;
    if (found >= 0) {
      queue[found].own = queue[found].verdict = null;
      drawList();
      await show(found, true);
      drawList();
    } else if (place >= 0) { show(place, false); }
    if (isKept) say("Taken back.");
  });

  const move = (step) => inOrder(async () => {
    if (place + step >= queue.length && !$("more").hidden) await load(false);
    if (place + step < 0 || place + step >= queue.length) return say(step > 0 ? "That was the last event of the queue." : "This is the first event.");
    show(place + step, true);
  });
  for (const verdict of ["accept", "reject", "unsure"]) $(verdict).addEventListener("click", () => judge(verdict));
  $("undo").addEventListener("click", undo);
  $("next").addEventListener("click", () => move(1));
  $("previous").addEventListener("click", () => move(-1));

  // MARK: another label

  let options = [];
  let chosen = 0;
  const openLabels = () => {
    if (!queue[place] || !facts.writable) return;
    $("label-search").value = "";
    drawLabels();
    $("labels").showModal();
    $("label-search").focus();
  };
  const drawLabels = () => {
    const text = $("label-search").value.trim().toLowerCase();
    const most = 60;
    const rank = (name) => { const at = name.toLowerCase().indexOf(text); return at < 0 ? 9 : at === 0 ? 0 : 1; };
    const scores = new Map((detail ? detail.others : []).map((other) => [other.label, other.score]));
    const fitting = facts.classes.map((one) => one.name).filter((name) => name !== queue[place].label && rank(name) < 9)
      .sort((a, b) => rank(a) - rank(b) || (scores.get(b) || 0) - (scores.get(a) || 0));
    options = fitting.slice(0, most);
    chosen = 0;
    $("label-list").replaceChildren(...options.map((name, index) => {
      const item = make("li", "", bdi(name));
      item.id = "option-" + index;
      item.setAttribute("role", "option");
      item.addEventListener("click", () => choose(index));
      return item;
    }));
    $("label-more").textContent = fitting.length > most ? `${fitting.length - most} more: type a part of the name` : options.length ? "" : "No class has this in its name.";
    markOption();
  };
  const markOption = () => {
    [...$("label-list").children].forEach((item, index) => item.setAttribute("aria-selected", index === chosen));
    const item = $("label-list").children[chosen];
    if (item) { item.scrollIntoView({ block: "nearest" }); $("label-search").setAttribute("aria-activedescendant", item.id); }
    else $("label-search").removeAttribute("aria-activedescendant");
  };
  const choose = (index) => {
    const name = options[index];
    $("labels").close();
    if (name) judge("accept", name);
  };
  $("label-search").addEventListener("input", drawLabels);
  $("label-search").addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") chosen = Math.min(chosen + 1, options.length - 1);
    else if (event.key === "ArrowUp") chosen = Math.max(chosen - 1, 0);
    else if (event.key === "Enter") { event.preventDefault(); return choose(chosen); }
    else return;
    event.preventDefault();
    markOption();
  });
  $("relabel").addEventListener("click", openLabels);
  $("help").addEventListener("click", () => $("keys").showModal());

  // MARK: keys

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || document.querySelector("dialog[open]")) return;
    const target = event.target;
    if (target instanceof HTMLInputElement && target.type !== "checkbox" || target instanceof HTMLSelectElement) {
      if (event.key === "Escape") target.blur();
      return;
    }
    // Where a button has the focus, Enter and Space press it.
    const presses = target instanceof HTMLButtonElement || target instanceof HTMLInputElement || target.tagName === "SUMMARY" || target.tagName === "AUDIO";
    if (presses && (event.key === "Enter" || event.key === " ")) return;
    if (target.tagName === "AUDIO" && event.key.startsWith("Arrow")) return;
    const actions = {
      a: () => judge("accept"), Enter: () => judge("accept"), r: () => judge("reject"), u: () => judge("unsure"), z: undo,
      l: () => inOrder(openLabels), ArrowRight: () => move(1), ArrowLeft: () => move(-1), " ": toggle,
      "[": () => inOrder(() => setBorder("start", position())), "]": () => inOrder(() => setBorder("end", position())), "?": () => $("keys").showModal(),
      "/": () => { $("filters").open = true; filter.elements.text.focus(); },
    };
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });

  // MARK: the review as a whole

  let again;
  const refresh = async () => {
    let answer;
    try { answer = await ask("facts?" + encoded({ reviewer: reviewer() })); } catch (error) {
      notices([{ text: error.message, bad: true }]);
      return null;
    }
    const before = facts;
    facts = answer;
    // What was not kept before a reload of the page.
    if (!before && unsent().length) inOrder(send);
    // What cannot be read now may be readable soon.
    clearTimeout(again);
    if (facts.fault && facts.state !== "failed") again = setTimeout(refresh, 3000);
    document.title = `Earmark review: ${facts.cache}`;
    $("cache").firstChild.textContent = visible(facts.cache + (facts.pipeline ? ` · ${facts.pipeline}` : ""));
    $("reviewer").placeholder = facts.reviewer;
    const said = facts.notices.map((text) => ({ text }));
    if (facts.fault) said.unshift({ text: facts.fault, bad: true });
    if (!facts.writable) said.unshift({ text: "This cache cannot be written: nothing can be judged, only heard.", bad: true });
    if (facts.state === "finding") {
      said.unshift({ text: `Finding events: ${counted(facts.finding.events, "event")} in ${counted(facts.finding.clips, "recording")} so far` });
    }
    notices(said);
    $("find").disabled = facts.state === "finding";
    const judged = facts.classes.reduce((sum, one) => sum + one.accept + one.reject + one.unsure + one.disputed, 0);
    $("judged").textContent = `${grouped(judged)} of ${counted(facts.events, "event")}`;
    const rows = facts.classes.filter((one) => one.events).sort((a, b) =>
      b.accept + b.reject + b.unsure + b.disputed - (a.accept + a.reject + a.unsure + a.disputed));
    $("counts").tBodies[0].replaceChildren(...rows.map((one) => make("tr", "", make("td", "", bdi(one.name)),
      ...[one.events, one.accept, one.reject, one.unsure, one.disputed].map((value) => make("td", "", grouped(value))))));
    $("lost-box").hidden = !facts.lost;
    $("lost-count").textContent = grouped(facts.lost);
    if ($("lost-box").open) drawLost();
    if (!before || before.generation !== facts.generation) {
      drawClasses();
      // Another page may have asked for the events anew.
      if (generation && generation !== facts.generation) { say("The events have been reloaded."); details.clear(); load(true); }
    }
    return facts;
  };
  const drawClasses = () => {
    const select = filter.elements.class;
    const value = select.value || new URLSearchParams(location.hash.slice(1)).get("class") || "";
    const named = facts.classes.filter((one) => one.events || one.name === value);
    select.replaceChildren(new Option("All classes", ""), ...named.map((one) => new Option(`${visible(one.name)} (${grouped(one.events)})`, one.name)));
    select.value = value;
  };
  const notices = (list) => {
    $("notices").hidden = !list.length;
    const texts = list.map((notice) => make("p", notice.bad ? "bad" : "", visible(notice.text)));
    $("notices").replaceChildren(...texts);
  };
  const drawLost = async () => {
    try {
      const lost = await ask("lost");
      $("lost").tBodies[0].replaceChildren(...lost.map((one) => make("tr", "", make("td", "", bdi(one.clip)), make("td", "", bdi(one.label)),
        make("td", "", clock(one.start)), make("td", "", clock(one.end)), make("td", "", number(one.score, 3)),
        make("td", one.verdict, words[one.verdict]), make("td", "", bdi(one.reviewers.join("; "))), make("td", "", one.reason))));
    } catch (error) { say(error.message); }
  };
  $("lost-box").addEventListener("toggle", () => { if ($("lost-box").open) drawLost(); });

  // While events are being found, the page asks again.
  const watch = async () => {
    const now = await refresh();
    if (now && now.generation && !generation) await load(true);
    if (!now || now.state === "finding") setTimeout(watch, 700);
    else if (now.generation && !now.events) empty();
  };
  $("find").addEventListener("click", async () => {
    try { await ask("find", {}); wanted = null; watch(); } catch (error) { say(error.message); }
  });

  const run = async () => {
    try {
      const now = await ask("run");
      $("run").hidden = !now.running;
      if (now.running) {
        const ended = (now.done || 0) + (now.failed || 0);
        $("run-text").textContent = `A run of ${visible(now.pipeline || "")} is under way: ${grouped(ended)} of ${counted(now.clips || 0, "recording")}` +
          (now.failed ? `, ${grouped(now.failed)} failed` : "") + ". Reload events to see what it found.";
        $("run-bar").value = now.clips ? ended / now.clips : 0;
      }
    } catch { $("run").hidden = true; }
    setTimeout(run, document.hidden ? 20000 : 5000);
  };

  if (matchMedia("(max-width: 52rem)").matches) $("filters").open = false;
  recall();
  watch();
  run();
})();
