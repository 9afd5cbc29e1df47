/** Records the stored vectors anew: `node --conditions=@sluice/source packages/core/test/redis/record.ts`. */
import { writeFileSync } from "node:fs"
import { families, historyOf } from "./History.ts"

const vectors = families.flatMap((family) => [1, 2, 3].map((seed) => historyOf(family, seed, 12)))
const lines = vectors.map((vector) => JSON.stringify(vector))
writeFileSync(new URL("../fixtures/admission-vectors.json", import.meta.url), `[\n${lines.join(",\n")}\n]\n`)
