/** The app as one script and one style, made by `npm run build:page`, or when it is first asked for where it runs from source. */
export declare const script: string
export declare const style: string
