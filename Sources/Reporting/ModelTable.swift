import Analysis
import Profiles
import Quantities

/// What each of two models of a plan did and cost.
enum ModelTable {
    /// The table; nil where all calls go to one model.
    static func table(_ analysis: RunAnalysis) -> Table? {
        guard analysis.documents.plan.secondModel != nil else { return nil }
        let costs = analysis.endpoints.flatMap(\.models).compactMap { $0.cost.list?.dollars }
        let decimals = Figures.decimals(costs, digits: 3)
        return Table(
            "By model",
            columns: [
                .init("endpoint", isNumeric: false), .init("model", isNumeric: false), .init("attempted"), .init("ok"),
                .init("input"), .init("cached, reported"), .init("ideal"), .init("output"), .init("cost at list price"),
            ],
            rows: analysis.endpoints.flatMap { endpoint in
                endpoint.models.map { model in
                    [
                        endpoint.tableName, model.name, Figures.count(model.attemptedCount),
                        Figures.count(model.successCount),
                        Figures.count(model.tokens.input.value), Figures.share(model.tokens.cacheShare),
                        Figures.share(model.tokens.idealCacheShare), Figures.count(model.tokens.output.value),
                        Figures.money(model.cost.list, decimals: decimals),
                    ]
                }
            },
            note:
                "Calls that the workload means for a small model go to the plan's small_model. Latency, streaming and speed are "
                + "told of each model; all other tables, and success, score and cost, are over both.")
    }
}
