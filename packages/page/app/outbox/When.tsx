/** An instant as people read it, which goes on as time does. */
import { createMemo, type JSX } from "solid-js"
import { now } from "../Now.ts"
import { about, instant } from "../words.ts"

/** `isDue` is for what is expected: when it has come it may be any moment. */
export const When = (props: { readonly at: string; readonly isDue?: boolean }): JSX.Element => {
  const millis = () => Date.parse(props.at)
  const said = createMemo(() => {
    const left = Math.round((millis() - now()) / 1000) * 1000
    if (left > 0) return `in about ${about(left)}`
    return props.isDue ? "any moment" : `${about(left)} ago`
  })
  return (
    <time dateTime={props.at} title={instant(millis())}>
      {said()}
    </time>
  )
}
