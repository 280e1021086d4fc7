/// The page's style sheet.
enum ReportStyle {
    static let text =
        "\n" + Picture.colours + """
            *{box-sizing:border-box}
            html{scroll-padding-top:.5rem}
            body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
            header,main{max-width:72rem;margin:0 auto;padding:0 1.25rem}
            header{padding-top:1.6rem} main{padding-bottom:4rem}
            h1{font-size:1.6rem;line-height:1.25;margin:0 0 .6rem;overflow-wrap:anywhere}
            h2{font-size:1.2rem;margin:2.6rem 0 .5rem} h3{font-size:1rem;margin:1.2rem 0 .4rem}
            h4{font-size:.92rem;margin:1.1rem 0 .4rem}
            a{color:var(--bar)} a:focus-visible,summary:focus-visible,button:focus-visible,input:focus-visible,
            audio:focus-visible,.wide:focus-visible{outline:2px solid var(--mark);outline-offset:2px}
            .skip{position:absolute;left:-99rem} .skip:focus{left:1rem;top:.5rem;background:var(--card);padding:.3rem .7rem;z-index:9}
            nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;padding:0;margin:0}
            .note{color:var(--soft);font-size:.84rem;font-weight:400;margin:0 0 .5rem;overflow-wrap:anywhere}
            .cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(10.5rem,1fr));gap:.7rem;margin:.4rem 0 1rem}
            .cards div{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.7rem .9rem}
            .cards dt{color:var(--soft);font-size:.84rem} .cards dd{margin:0;font-size:1.5rem;font-weight:600;
            font-variant-numeric:tabular-nums} .cards dd.note{font-size:.8rem;font-weight:400}
            figure{margin:0 0 1rem;min-width:0} figcaption{color:var(--soft);font-size:.82rem;overflow-wrap:anywhere}
            .pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,21rem),1fr));gap:0 1.4rem;align-items:start}
            .picture{display:block;width:100%;height:auto;max-width:36rem;background:var(--card);
            border:1px solid var(--line);border-radius:.5rem;margin-bottom:.3rem}
            .wide .picture{width:auto;max-width:none}
            .wide{overflow-x:auto;margin-bottom:.5rem}
            table{border-collapse:separate;border-spacing:0;font-size:.84rem;line-height:1.25rem} #classes-table{width:100%}
            th,td{padding:.25rem .55rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
            td{font-variant-numeric:tabular-nums} tbody th{font-weight:500}
            th:first-child,th.words,.named th,.named td:nth-child(2),td.words,.made td{text-align:left}
            .named td:nth-child(2){font-weight:500}
            td.words,.made td{white-space:normal;overflow-wrap:anywhere}
            thead th{color:var(--soft);font-weight:600;vertical-align:bottom} tbody tr:hover{background:var(--card)}
            #classes-table th:first-child{position:sticky;left:0;background:var(--page);min-width:10rem;max-width:16rem;white-space:normal;
            overflow-wrap:anywhere}
            th button{font:inherit;color:inherit;background:none;border:0;padding:0;cursor:pointer;white-space:nowrap}
            th button::after{content:"\\2009\\2195";opacity:.45}
            th[aria-sort=ascending] button::after{content:"\\2009\\2191";opacity:1}
            th[aria-sort=descending] button::after{content:"\\2009\\2193";opacity:1}
            .tools{display:flex;flex-wrap:wrap;gap:.4rem 1.4rem;align-items:center;margin:.6rem 0;font-size:.88rem}
            [hidden]{display:none!important} input[type=search]{font:inherit;color:inherit;background:var(--card);
            border:1px solid var(--line);border-radius:.35rem;padding:.2rem .5rem;max-width:14rem} output{color:var(--soft)}
            details.class{border-top:1px solid var(--line)} details.class:last-of-type{border-bottom:1px solid var(--line)}
            summary{cursor:pointer;padding:.4rem .2rem} summary h3{display:inline;margin:0;font-weight:600}
            summary .note{margin-left:.5rem} summary:hover{background:var(--card)}
            details .body{padding:.3rem 0 1rem;scroll-margin-top:3rem}
            .examples{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,19rem),1fr));gap:.4rem 1.2rem}
            .excerpt svg{display:block;width:100%;height:auto;background:var(--card);border:1px solid var(--line);
            border-radius:.5rem}
            .example audio{width:100%;height:2.4rem;display:block;margin:.2rem 0}
            .example .path,.example .note{display:block;margin:0} .score{font-weight:600;color:var(--ink);
            font-variant-numeric:tabular-nums}
            @media (max-width:30rem){body{font-size:14px} header,main{padding-left:.8rem;padding-right:.8rem}
            .cards{grid-template-columns:repeat(auto-fill,minmax(8.4rem,1fr))} .cards dd{font-size:1.25rem}
            #classes-table th:first-child{min-width:7.5rem;max-width:8.5rem}}
            @media print{.tools,nav,.skip,audio{display:none} body{background:#fff} details.class{break-inside:avoid}}

            """ + Picture.style
}
