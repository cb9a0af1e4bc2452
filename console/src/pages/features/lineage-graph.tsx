import "@xyflow/react/dist/base.css";
import dagre from "@dagrejs/dagre";
import { Handle, MarkerType, type NodeProps, Position, ReactFlow } from "@xyflow/react";
import type { Lineage, LineageNode } from "./lineage.ts";
import "./lineage-graph.css";

const WIDTH = 190;
const HEIGHT = 54;

/** A drawing of the lineage, laid out by itself: from left to right, or downwards where there is little room. */
export default function LineageGraph({ lineage, narrow }: { readonly lineage: Lineage; readonly narrow: boolean }) {
  const graph = new dagre.graphlib.Graph().setGraph({
    rankdir: narrow ? "TB" : "LR",
    ranksep: narrow ? 34 : 64,
    nodesep: 16,
  });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id } of lineage.nodes) graph.setNode(id, { width: WIDTH, height: HEIGHT });
  for (const { from, to } of lineage.edges) graph.setEdge(from, to);
  dagre.layout(graph);
  const { height = HEIGHT } = graph.graph();
  return (
    <div className="lineage" style={{ height: height + 40 }}>
      <ReactFlow
        nodes={lineage.nodes.map((node) => {
          const { x, y } = graph.node(node.id);
          return {
            id: node.id,
            type: "definition",
            data: { ...node, narrow },
            position: { x: x - WIDTH / 2, y: y - HEIGHT / 2 },
            width: WIDTH,
            height: HEIGHT,
          };
        })}
        edges={lineage.edges.map(({ from, to }) => ({
          id: `${from} ${to}`,
          source: from,
          target: to,
          markerEnd: { type: MarkerType.Arrow, color: "var(--line-strong)", width: 18, height: 18 },
        }))}
        nodeTypes={nodeTypes}
        fitView
        fitViewOptions={{ padding: 0.05, maxZoom: 1 }}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        panOnDrag={false}
        zoomOnScroll={false}
        zoomOnPinch={false}
        zoomOnDoubleClick={false}
        preventScrolling={false}
        proOptions={{ hideAttribution: true }}
      />
    </div>
  );
}

function Definition({ data }: NodeProps) {
  const { kind, name, lane, narrow } = data as unknown as LineageNode & { readonly narrow: boolean };
  return (
    <div className={`lineage-node lineage-${lane}`}>
      <Handle type="target" position={narrow ? Position.Top : Position.Left} isConnectable={false} />
      <span className="muted">{kind}</span>
      <span className="lineage-name">{name}</span>
      <Handle type="source" position={narrow ? Position.Bottom : Position.Right} isConnectable={false} />
    </div>
  );
}

const nodeTypes = { definition: Definition };
