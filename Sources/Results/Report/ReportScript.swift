/// The page's script, which sorts, searches and hides. Without it, the page shows everything, with classes sorted by
/// their number of clips.
enum ReportScript {
    static let text = """

        (() => {
          "use strict";
          const byId = (id) => document.getElementById(id);
          const table = byId("classes-table"), tools = byId("class-tools");
          // A link to a class opens it, in browsers that do not do so by themselves too.
          const open = () => {
            const part = /^#class-\\d+$/.test(location.hash) && byId(location.hash.slice(1));
            if (!part) return;
            const details = part.closest("details");
            details.hidden = false;
            details.open = true;
            details.scrollIntoView();
          };
          addEventListener("hashchange", open);
          open();
          // A second link to the class that was left open or closed is no change of the address.
          document.addEventListener("click", (event) => {
            const link = event.target.closest("a[href^='#class-']");
            if (link && link.getAttribute("href") === location.hash) open();
          });
          if (!table) return;
          const body = table.tBodies[0];
          const folded = (text) => text.normalize("NFKC").toLowerCase();
          const details = new Map();
          for (const part of document.querySelectorAll("details.class > .body")) details.set(part.id, part.parentElement);
          const number = (text) => {
            const value = parseFloat(text.replace("\\u2212", "-"));
            return Number.isNaN(value) ? null : value;
          };
          const rows = Array.from(body.rows, (row, place) => {
            const link = row.cells[0].querySelector("a");
            return {
              row, place, name: row.cells[0].textContent, key: folded(row.cells[0].textContent),
              isEmpty: "empty" in row.dataset,
              details: link && details.get(link.getAttribute("href").slice(1)),
            };
          });
          const search = byId("class-search"), empty = byId("class-empty"), count = byId("class-count");
          const show = () => {
            const words = folded(search.value.trim());
            let shown = 0;
            for (const one of rows) {
              const isShown = one.key.includes(words) && (!one.isEmpty || !empty || empty.checked || words !== "");
              one.row.hidden = !isShown;
              if (one.details) one.details.hidden = !isShown;
              if (isShown) shown += 1;
            }
            count.textContent = shown + " of " + rows.length + (rows.length === 1 ? " class" : " classes") + " shown";
          };
          search.addEventListener("input", show);
          if (empty) empty.addEventListener("change", show);
          const heads = Array.from(table.tHead.rows[0].cells);
          const collator = new Intl.Collator(undefined, {numeric: true});
          heads.forEach((head, column) => {
            const button = document.createElement("button");
            button.type = "button";
            button.append(...head.childNodes);
            head.append(button);
            head.setAttribute("aria-sort", "none");
            button.addEventListener("click", () => {
              const before = head.getAttribute("aria-sort");
              const isRising = before === "none" ? column === 0 : before === "descending";
              for (const other of heads) other.setAttribute("aria-sort", "none");
              head.setAttribute("aria-sort", isRising ? "ascending" : "descending");
              const sign = isRising ? 1 : -1;
              const values = new Map(rows.map((one) => [
                one, column === 0 ? one.name : number(one.row.cells[column].textContent),
              ]));
              rows.sort((one, other) => {
                const a = values.get(one), b = values.get(other);
                if (column === 0) return sign * collator.compare(a, b) || one.place - other.place;
                // What is not defined comes last, in both directions.
                if (a === null || b === null) return (a === null) - (b === null) || one.place - other.place;
                return sign * (a - b) || one.place - other.place;
              });
              body.append(...rows.map((one) => one.row));
            });
          });
          heads[1].setAttribute("aria-sort", "descending");
          tools.hidden = false;
          // A class that a link leads to stays open, though it may be one without clips.
          show();
          open();
        })();

        """
}
