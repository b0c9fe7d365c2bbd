// Why a machine is shown: the sentence that the case keeps in English, in the reader's language.

import { _, country, figure } from "./common.js";

const HOME = (code) => (code === "origin open" ? _("origin open") : country(code));
const SAID = String.raw`(?<name>.+) \((?<home>[A-Z]{2}|origin open)\), grade (?<grade>[ABU]), (?<chance>[^:]+)`;

/** Of each form (`evidence/case/flags.py`) how it begins to be told anew. */
const FORMS = [
  [`${SAID}: machines from (?<code>[A-Z]{2}) are the claim under test`,
    (v) => _("{name} ({home}), grade {grade}, {chance}: machines from {code} are the claim under test", v)],
  // "nothing else says so": as earlier versions wrote it, also where two cues spoke for the builder.
  [`${SAID}: (?:no wordmark that is borne out|nothing else says so)`,
    (v) => _("{name} ({home}), grade {grade}, {chance}: no wordmark that is borne out", v)],
  ["builder unknown, origin (?<home>[A-Z]{2}) from the plate, grade (?<grade>[ABU]): machines from (?<code>[A-Z]{2}) are the claim under test",
    (v) => _("builder unknown, origin {home} from the plate, grade {grade}: machines from {code} are the claim under test", v)],
  ["builder unknown, but a mark on it looks like that of (?<name>.+)", (v) => _("builder unknown, but a mark on it looks like that of {name}", v)],
  ["builder unknown, but it says (?<name>.+)", (v) => _("builder unknown, but it says {name}", v)],
  ["builder unknown; the machine fills (?<share>\\d+ ?%) of the picture", (v) => _("builder unknown; the machine fills {share} of the picture", v)],
  ["(?<text>.+): a plate that says made in (?<code>[A-Z]{2}), and no machine is seen around it",
    (v) => _("{text}: a plate that says made in {code}, and no machine is seen around it", v)],
  ["(?<text>.+): (?<name>.+)'s mark, a plate that says made in (?<code>[A-Z]{2}), and no machine is seen around it",
    (v) => _("{text}: {name}'s mark, a plate that says made in {code}, and no machine is seen around it", v)],
  ["(?<text>.+): (?<name>.+)'s mark, and no machine is seen around it", (v) => _("{text}: {name}'s mark, and no machine is seen around it", v)],
  ["reads as (?<name>.+) \\((?<home>[A-Z]{2}|origin open)\\), not claimed: the program is not sure enough that this is a machine",
    (v) => _("reads as {name} ({home}), not claimed: the program is not sure enough that this is a machine", v)],
  ["a plate that says made in (?<code>[A-Z]{2}), not claimed: the program is not sure enough that this is a machine",
    (v) => _("a plate that says made in {code}, not claimed: the program is not sure enough that this is a machine", v)],
  ["reads as (?<name>.+) \\((?<home>[A-Z]{2}|origin open)\\), not claimed: the mark may be part of a longer one, or stand beside the machine or pass it by",
    (v) => _("reads as {name} ({home}), not claimed: the mark may be part of a longer one, or stand beside the machine or pass it by", v)],
  ["reads as (?<name>.+) \\((?<home>[A-Z]{2}|origin open)\\), not claimed: the registry is not sure of this builder",
    (v) => _("reads as {name} ({home}), not claimed: the registry is not sure of this builder", v)],
  ["a plate that says made in (?<code>[A-Z]{2}), not claimed: the mark may be part of a longer one, or stand beside the machine or pass it by",
    (v) => _("a plate that says made in {code}, not claimed: the mark may be part of a longer one, or stand beside the machine or pass it by", v)],
].map(([form, words]) => [new RegExp(`^${form}$`, "su"), words]);

/** The reason as the reader understands it; one of an earlier version stays as it is. */
export function toldReason(reason) {
  for (const [form, words] of FORMS) {
    const found = form.exec(reason)?.groups;
    if (!found) continue;
    const values = { ...found };
    if (found.home) values.home = HOME(found.home);
    if (found.code) values.code = country(found.code);
    if (found.chance) values.chance = found.chance.replace(/[0-9.]+/u, (number) => figure(Number(number), 2));
    return words(values);
  }
  return reason;
}
