/** Shows the view that the document names. */
import "uplot/dist/uPlot.min.css"
import "./style.css"
import { render } from "solid-js/web"
import type { View } from "../src/Views.ts"
import { LimitsView } from "./limits/LimitsView.tsx"
import { OutboxView } from "./outbox/OutboxView.tsx"

const app = document.getElementById("app")
if (app === null) throw new Error("the document has no place for the app")
const here = JSON.parse(app.dataset["here"] ?? "") as View
const views = JSON.parse(app.dataset["views"] ?? "") as ReadonlyArray<View>
const View = here.name === "limits" ? LimitsView : OutboxView
render(() => <View here={here} views={views} at={location.pathname.replace(/\/+$/, "")} />, app)
