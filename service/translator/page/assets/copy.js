// Copies a field to the clipboard, or selects it where the browser keeps the clipboard to itself.

/** Whether the text of `field` is in the clipboard now; if not, it is selected. `button` keeps the focus. */
export async function copyFrom(field, button) {
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    return copyBySelection(field, button);
  }
}

// Browsers offer navigator.clipboard only over https and on localhost.
function copyBySelection(field, button) {
  field.focus();
  field.select();
  const isCopied = document.execCommand("copy");
  if (isCopied) button.focus();
  return isCopied;
}
