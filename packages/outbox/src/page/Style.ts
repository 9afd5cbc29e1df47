/** How the page looks, by day and by night. */
export const style = `
:root{color-scheme:light dark;--ink:light-dark(#1c2430,#e6e8ea);--soft:light-dark(#566170,#9aa4b0);--paper:light-dark(#fbfbf9,#14181d);--line:light-dark(#d5d9d2,#2c333b);--link:light-dark(#0b6275,#5fd3e3);--bad:light-dark(#b42318,#ff8f87);--good:light-dark(#256b34,#7fd08f)}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.45 system-ui,sans-serif}
main{max-width:75rem;margin:0 auto;padding:1rem}
h1{font-size:1.4rem;margin:0 0 .5rem}
form{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:end;margin:1rem 0}
label{display:grid;font-size:.85rem;color:var(--soft)}
input,select,button{font:inherit;color:inherit;background:transparent;border:1px solid var(--soft);border-radius:.3rem;padding:.25rem .6rem}
option{background:var(--paper)}
button{cursor:pointer}button:disabled{opacity:.45;cursor:default}
:focus-visible{outline:3px solid var(--link);outline-offset:1px}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.4rem .8rem .4rem 0;border-top:1px solid var(--line)}
thead th{border:0;font-size:.85rem;color:var(--soft);font-weight:normal}
small,.soft{color:var(--soft)}td{overflow-wrap:anywhere}
td:last-child,time{white-space:nowrap}td button{margin:0 .4rem .3rem 0}
.failed,.refused{color:var(--bad)}.done{color:var(--good)}
pre{margin:.2rem 0;white-space:pre-wrap;font-size:.85rem;max-height:20rem;overflow:auto}
ul{padding:0;margin:.5rem 0;list-style:none;display:flex;flex-wrap:wrap;gap:.25rem 2rem}
nav{display:flex;gap:.5rem;margin:1rem 0}#said{min-height:1.5em}
`
