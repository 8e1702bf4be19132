/** What a change needs that pods of before cannot live through. */
export const setUpAnew =
  'drain the node, stop its kubelet and its runtime, remove its pods and its Node, and let it register anew';
