// What is told beside the picture: why it is shown, the mark, what was read, what speaks for it.

import { _, country, figure, make } from "./common.js";
import { toSeconds } from "./boxes.js";

const KINDS = {
  claim: () => _("Claim under test: is it right?"),
  lead: () => _("A lead, not claimed: is it so?"),
  concealed: () => _("A mark may be concealed (mosaic or blur found)"),
  "lone-mark": () => _("A mark with no machine around it: is there a CNC machine?"),
  uncorroborated: () => _("A builder named with little support: is it right?"),
  unread: () => _("Text, but no builder: who built it?"),
  large: () => _("A large machine: who built it?"),
  entered: () => _("Entered by hand: what is this machine?"),
};
const CUES = {
  wordmark: () => _("Wordmark"),
  series: () => _("Series"),
  control: () => _("Control"),
  overlay: () => _("Of the broadcast"),
  mirrored: () => _("Mirrored"),
  dealer: () => _("Dealer"),
  plate: () => _("Plate"),
  logo: () => _("Logo"),
  mark: () => _("Mark"),
};
/** Of these a place in the picture is a builder's mark. */
const OF_A_BUILDER = new Set(["wordmark", "series", "logo", "mark"]);
export const VERDICTS = {
  accept: () => _("accepted"),
  builder: () => _("builder named"),
  probable: () => _("probable"),
  unknown: () => _("builder unknown"),
  concealed: () => _("mark concealed"),
  "not-cnc": () => _("not CNC"),
  "not-a-machine": () => _("no machine"),
  pictured: () => _("only pictured"),
  missed: () => _("machine missed"),
  nothing: () => _("nothing missed"),
  doubt: () => _("doubted"),
  withdrawn: () => _("withdrawn"),
};
const WHY = {
  copy: () => _("in a copy of this recording"),
  machine: () => _("the same machine"),
  tied: () => _("looks alike"),
  builder: () => _("the same builder"),
};

/** A probability in two decimals, never rounded up to certainty. */
export function chance(probability) {
  return probability >= 0.995 && probability < 1 ? `>${figure(0.99, 2)}` : figure(probability, 2);
}

/** What a log-odds weight amounts to (Kass & Raftery 1995), as `evidence.clip.report.weigh`. */
function weigh(weight) {
  const size = Math.abs(weight);
  if (size < 0.005) return _("says nothing by itself");
  if (size < 1) return weight > 0 ? _("barely for") : _("barely against");
  if (size < 3) return weight > 0 ? _("somewhat for") : _("somewhat against");
  if (size < 5) return weight > 0 ? _("strongly for") : _("strongly against");
  return weight > 0 ? _("very strongly for") : _("very strongly against");
}

/** Seconds as a player shows them. */
function clock(seconds) {
  const tenths = Math.round(seconds * 10);
  const [minutes, rest] = [Math.floor(tenths / 600), tenths % 600];
  const small = `${String(Math.floor(rest / 10)).padStart(2, "0")}.${rest % 10}`;
  const [hours, left] = [Math.floor(minutes / 60), minutes % 60];
  return hours ? `${hours}:${String(left).padStart(2, "0")}:${small}` : `${left}:${small}`;
}

/** Where in its footage a frame stands: when, in a clip; of a folder, which picture it is. One
 *  photograph is the whole of its footage: null. */
export function where({ footage, file, pictures: { frame } }, pts) {
  if (footage.kind === "still") return null;
  if (footage.kind === "video") return clock(toSeconds(pts));
  return (pts === frame.pts && file) || _("picture {number}", { number: Math.round(toSeconds(pts)) + 1 });
}

/** Whether the mark was read in another frame than the one that is shown. */
export function readElsewhere({ pictures: { frame, mark } }) {
  return Boolean(mark?.box) && mark.pts !== frame.pts;
}

/** Where a picture should be and is not, it is said. */
function pictured(loaded, alt, missing) {
  const frame = make("span", { class: "pictured" }, loaded.image);
  loaded.image.alt = alt;
  loaded.ready.then((there) => {
    if (!there) frame.replaceChildren(make("span", { class: "missing" }, missing));
  });
  return frame;
}

/** All of it, for one card. */
export function tell(card) {
  const parts = [why(card)];
  if (card.sighting) parts.push(claim(card), concealed(card));
  else if (card.outcome) parts.push(make("p", {}, make("span", { class: "good" }, settledAs(card))));
  if (card.verdicts.length) parts.push(said(card));
  if (card.leads.length) parts.push(leads(card));
  if (card.loaded.mark) parts.push(marks(card));
  if (card.readings.length) parts.push(readings(card));
  const led = card.leads.length && !card.sighting.builder;
  if (!led && card.evidence.some((one) => one.kind !== "concealed")) parts.push(evidence(card));
  if (card.marks) parts.push(known(card.marks));
  if (card.alike.length) parts.push(alike(card));
  if (card.copies) parts.push(copies(card));
  return parts.filter(Boolean);
}

/** The same recording again: it is judged here for both. */
function copies({ copies: number, footage }) {
  const link = make("a", { href: `/footage/${footage.sha256}#copies` }, _("other footage that shows this recording: {number}", { number }));
  return make("p", { class: "copies" }, link);
}

function why(card) {
  const line = make("p", { class: "why" });
  if (card.state === "settled") line.append(make("span", { class: "chip good" }, _("settled")), " ");
  if (card.state === "disputed") line.append(make("span", { class: "chip warn" }, _("two disagree; you settle it")), " ");
  const kind = KINDS[card.kind];
  const means = _("The first lead, where it is probable enough for the program to say it.");
  if (kind) line.append(make("b", card.kind === "claim" ? { title: means } : {}, kind()));
  else if (card.about === "frame") line.append(make("b", {}, _("A whole frame: is there a machine in it?")));
  else line.append(make("b", {}, _("What is this machine?")));
  const words = card.about === "entered" ? _("Somebody says that a machine stands here.") : card.reason_text;
  // That a mark may be concealed is all that such an item's reason says.
  if (card.kind === "concealed") return make("div", {}, line);
  const text = make("p", { class: "faint reason" }, words ?? _("Looked at in any case."));
  return make("div", {}, line, text);
}

/** Said here where it is not already what the item is about. */
function concealed({ kind, sighting }) {
  return sighting.concealed && kind !== "concealed" ? make("p", { class: "warn" }, KINDS.concealed()) : null;
}

function claim({ sighting, outcome, outcome_builder: settled }) {
  const name = sighting.builder
    ? `${sighting.builder.name}${sighting.builder.origin ? ` · ${country(sighting.builder.origin)}` : ""}`
    : sighting.origin
      ? [_("Builder unknown"), _("origin {code} from the plate", { code: country(sighting.origin) })].join(" · ")
      : _("Builder unknown");
  const small = [];
  if (sighting.builder?.type === "rebadger") small.push(_("a seller's badge"));
  if (sighting.series) small.push(sighting.series);
  if (sighting.control) small.push(_("control {name}", { name: sighting.control.name }));
  const block = make(
    "div",
    { class: "claim" },
    make("span", { class: `grade ${sighting.grade}`, title: _("Grade {grade}", { grade: sighting.grade }) }, sighting.grade),
    make("strong", {}, name),
    sighting.builder ? make("span", { class: "mono" }, chance(sighting.probability)) : null,
    small.length ? make("span", { class: "faint small" }, small.join(" · ")) : null,
  );
  if (outcome) block.append(make("span", { class: "good small" }, settledAs({ outcome, outcome_builder: settled })));
  return block;
}

/** Who a lead points to, in words. */
function points({ builder, origin }) {
  if (!builder) return _("from the country {name}", { name: country(origin) });
  return origin ? `${builder.name} (${country(origin)})` : builder.name;
}

/** Keys 1 to 5 accept one. */
function leads(card) {
  const list = make("ol", { class: "leads" });
  card.leads.forEach((one, index) => {
    const reasons = one.evidence.slice(0, 3);
    const item = make("li", {}, make("kbd", {}, String(index + 1)), " ", make("b", {}, points(one)), " ", make("span", { class: "faint mono" }, chance(one.probability)));
    if (one.doubt_text) item.append(" ", make("span", { class: "chip warn" }, one.doubt_text));
    const text = reasons[0]?.text;
    item.append(make("p", { class: "faint" }, reasons.map((part) => part.says_text).join("; "), text ? " " : "", text ? make("bdi", { class: "mono" }, text) : null));
    list.append(item);
  });
  const how = card.state === "settled" ? null : make("p", { class: "faint" }, _("Keys 1 to 5 accept a lead."));
  return make("div", {}, make("h2", { title: _("Who may have built a machine, or where it may come from, with a probability. It claims nothing.") }, _("Leads")), list, how);
}

function settledAs({ outcome, outcome_builder: settled }) {
  return `${VERDICTS[outcome]()}${settled ? `: ${settled.name}` : ""}`;
}

function said(card) {
  const list = make("ul", { class: "said" });
  for (const one of card.verdicts) {
    const words = [VERDICTS[one.verdict]?.() ?? one.verdict];
    if (one.builder) words.push(one.builder_name ?? one.builder);
    const more = one.before?.said ?? {};
    if (more.concealed && one.verdict !== "concealed") words.push(_("mark concealed"));
    if (more.control) words.push(_("control {name}", { name: more.control }));
    if (more.made) words.push(_("made in {countries}", { countries: more.made }));
    if (more.source) words.push(more.source);
    if (one.supersedes) words.push(_("instead of no. {number}", { number: one.supersedes }));
    list.append(
      make(
        "li",
        {},
        make("span", { class: "faint" }, `${one.number}. `),
        make("b", {}, one.author),
        ` ${words.join(" · ")}`,
        one.note ? make("q", {}, one.note) : null,
        make("time", { class: "faint", datetime: one.made }, ` ${one.made.slice(0, 16).replace("T", " ")} UTC`),
      ),
    );
  }
  return make("div", {}, make("h2", {}, _("Judged so far")), list);
}

function marks(card) {
  const gone = _("not there");
  const of = whose(card);
  const pair = make("div", { class: "marks" });
  pair.append(
    make("figure", {}, pictured(card.loaded.mark, _("{what}, unaltered", { what: of }), gone), make("figcaption", {}, _("unaltered, enlarged"))),
    make("figure", {}, pictured(card.loaded.enhanced, _("{what}, enhanced", { what: of }), gone), make("figcaption", {}, _("enhanced: not evidence"))),
  );
  const place = readElsewhere(card) ? _("in another frame, {where}: Z shows it", { where: where(card, card.pictures.mark.pts) }) : null;
  return make("div", {}, make("h2", {}, [of, place].filter(Boolean).join(" · ")), pair);
}

/** What the part cut out shows: any text is cut out where no builder's mark was read. */
function whose({ evidence: reasons, sighting, pictures: { mark } }) {
  const same = (a, b) => a.every((corner, at) => Math.abs(corner - b[at]) < 1); // both are rounded
  const here = reasons.filter((one) => one.box && mark.box && one.pts === mark.pts && same(one.box, mark.box));
  if (here.some((one) => OF_A_BUILDER.has(one.kind))) return _("The mark");
  if (here.some((one) => one.kind === "plate")) return _("The plate");
  if (here.some((one) => one.kind === "concealed")) return _("Where a mark may be concealed");
  return sighting?.builder ? _("The mark") : _("A text on it");
}

function readings(card) {
  const list = make("ul", { class: "read" });
  for (const one of card.readings) {
    const chips = [];
    if (one.mirrored) chips.push(make("span", { class: "chip" }, _("mirrored")));
    if (one.overlay) chips.push(make("span", { class: "chip" }, _("of the broadcast")));
    list.append(
      make("li", { class: one.overlay ? "set-aside" : "" }, make("bdi", { class: "mono" }, one.text), make("span", { class: "faint mono" }, chance(one.score)), ...chips),
    );
  }
  return make("div", {}, make("h2", {}, _("Read")), list);
}

function evidence(card) {
  const list = make("ul", { class: "evidence" });
  for (const one of card.evidence.filter((each) => each.kind !== "concealed")) {
    const cue = CUES[one.kind]?.() ?? one.kind;
    list.append(
      make(
        "li",
        {},
        `${cue} `,
        one.text ? make("bdi", { class: "mono" }, one.text) : null,
        one.about ? ` → ${one.about}` : "",
        ": ",
        make("span", { class: "faint" }, one.kind === "plate" ? _("says where it was made") : weigh(one.weight)),
        one.weight ? make("span", { class: "faint mono" }, ` ${one.weight > 0 ? "+" : ""}${figure(one.weight, 1)}`) : null,
      ),
    );
  }
  return make("div", {}, make("h2", {}, _("What speaks for it")), list);
}

const NO_DOCUMENT = "the registry has no document on this builder";
const SURE = {
  "the registry is sure of this builder": () => _("the registry is sure of this builder"),
  [NO_DOCUMENT]: () => _("the registry has no document on this builder"),
  "the registry is fairly sure of this builder": () => _("the registry is fairly sure of this builder"),
  "the registry is not sure of this builder": () => _("the registry is not sure of this builder"),
};

/** How sure the registry is of a builder, and what it has that from. */
function grounds({ says, sources, documents }) {
  const told = [...documents];
  if (sources.length > documents.length) told.push(_("general knowledge of the trade, which is no document"));
  if (says === NO_DOCUMENT && sources.length) return make("p", { class: "faint" }, _("the builder's country: general knowledge of the trade, no document"));
  const source = _("source: {sources}", { sources: told.join("; ") || _("no document") });
  // Addresses are long, and what else is known stands below.
  return make("details", { class: "grounds" }, make("summary", {}, SURE[says]?.() ?? says), make("p", { class: "faint" }, source));
}

function known(one) {
  const list = (things) => things.join(", ");
  const lines = [_("reads {texts}", { texts: list(one.wordmarks) })];
  if (one.livery) lines.push(one.livery);
  if (one.series.length) lines.push(_("series {names}", { names: list(one.series) }));
  if (one.production.length) lines.push(_("made in {countries}", { countries: list(one.production.map(country)) }));
  if (one.owner) lines.push(_("owner {name} ({country})", { name: one.owner, country: country(one.owner_country) }));
  if (one.confusions.length) lines.push(_("not to be taken for {others}", { others: one.confusions.join("; ") }));
  return make("div", {}, make("h2", {}, _("{name}'s marks", { name: one.name })), make("p", { class: "known" }, lines.join(" · ")), grounds(one.registry));
}

function alike(card) {
  const list = make("ul", { class: "alike" });
  card.alike.forEach((one, index) => {
    const name = one.builder?.name ?? _("unknown");
    list.append(
      make(
        "li",
        {},
        pictured(card.loaded.alike[index], _("Another sighting: {name}", { name }), _("not there")),
        make("span", {}, name),
        // What others were settled as is told once this one is judged.
        one.outcome ? make("span", { class: "good" }, VERDICTS[one.outcome]?.()) : null,
        make("span", { class: "faint" }, WHY[one.why]()),
      ),
    );
  });
  return make("div", {}, make("h2", {}, _("Others of the case")), list);
}
