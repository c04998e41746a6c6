"use strict";
{
    const items = JSON.parse(document.getElementById("index").textContent);
    const box = document.getElementById("search");
    const found = document.getElementById("found");
    const show = () => {
        const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
        found.replaceChildren();
        found.hidden = words.length === 0;
        if (found.hidden) return;
        const hits = items.filter((item) => {
            const text = (item.id + " " + item.title + " " + item.severity + " " + item.words).toLowerCase();
            return words.every((word) => text.includes(word));
        });
        for (const item of hits) {
            const link = document.createElement("a");
            link.href = "items/" + item.id + ".html";
            link.textContent = item.id;
            const line = document.createElement("li");
            line.append(link, " " + item.severity, document.createElement("br"), item.title);
            found.append(line);
        }
        if (hits.length === 0) {
            const line = document.createElement("li");
            line.textContent = "nothing found · 没有结果";
            found.append(line);
        }
    };
    // `index.html#probe` is a search that can be linked to.
    const asked = () => {
        try {
            if (location.hash.length > 1) box.value = decodeURIComponent(location.hash.slice(1));
        } catch {
            box.value = "";
        }
        show();
    };
    box.addEventListener("input", show);
    addEventListener("hashchange", asked);
    asked();
}
