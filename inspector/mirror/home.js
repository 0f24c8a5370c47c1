for (const button of document.querySelectorAll("figure button")) {
  const code = button.closest("figure").querySelector("code");
  button.addEventListener("click", async () => {
    let copied = true;
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      // Plain HTTP pages have no clipboard: select the text and let the browser copy it.
      const range = document.createRange();
      range.selectNodeContents(code);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      copied = document.execCommand("copy");
    }
    button.textContent = copied ? "Copied" : "Press Ctrl+C";
    button.classList.toggle("done", copied);
    setTimeout(() => { button.textContent = "Copy"; button.classList.remove("done"); }, 2000);
  });
}
