// `?welcome=1` asks for a greeting once; a shared or reloaded address need not say it.
export function tidyAddress() {
  const address = new URL(location.href);
  if (!address.searchParams.has("welcome")) return;
  address.searchParams.delete("welcome");
  history.replaceState(history.state, "", address.pathname + address.search + address.hash);
}
