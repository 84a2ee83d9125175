// What a dashboard may be, from the types that Grafana publishes for plugins: the dashboard itself with every kind of
// panel that panels/ draws. `make schema` makes dashboard.schema.json of it; tests/unit/test_watching.py holds the
// dashboards to that. The types of Prometheus' queries left the package after 10.4.

import type * as grafana from "@grafana/schema/dist/esm/raw/dashboard/x/dashboard_types.gen";
import type { Options as BarGauge } from "@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen";
import type {
  FieldConfig as HeatmapField,
  Options as Heatmap,
} from "@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen";
import type { Options as Stat } from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type {
  FieldConfig as StatesField,
  Options as States,
} from "@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen";
import type {
  FieldConfig as TableField,
  Options as Table,
} from "@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import type {
  FieldConfig as LinesField,
  Options as Lines,
} from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";
import type { PrometheusDataQuery } from "grafana-schema-10/dist/esm/raw/composable/prometheus/dataquery/x/PrometheusDataQuery_types.gen";

type Drawn<Kind extends string, Options, Custom = Record<string, never>> = Omit<
  grafana.Panel,
  "type" | "options" | "targets" | "fieldConfig"
> & {
  type: Kind;
  options?: Options;
  targets: PrometheusDataQuery[];
  fieldConfig: Omit<grafana.FieldConfigSource, "defaults"> & {
    defaults: Omit<grafana.FieldConfig, "custom"> & { custom?: Custom };
  };
};

type Panel =
  | Drawn<"bargauge", BarGauge>
  | Drawn<"heatmap", Heatmap, HeatmapField>
  | Drawn<"stat", Stat>
  | Drawn<"state-timeline", States, StatesField>
  | Drawn<"table", Table, TableField>
  | Drawn<"timeseries", Lines, LinesField>;

// `expr` is what Prometheus' data source reads of an annotation
export type Dashboard = Omit<grafana.Dashboard, "panels" | "annotations"> & {
  panels: (Panel | grafana.RowPanel)[];
  annotations: { list: (grafana.AnnotationQuery & { expr: string })[] };
};
