/** `npm run api`: writes the reports of the public surface anew. */
import * as Api from "./Api.ts"
import * as Report from "./Report.ts"
import { withWorkshop } from "./Tarballs.ts"

console.log(Report.textOf(await withWorkshop(() => Api.update())))
