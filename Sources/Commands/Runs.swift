import Analysis
import Glibc
import Ranking
import Records

/// Reading run files.
enum Runs {
    /// One run file.
    static func file(_ path: String) throws(CommandError) -> RunFile {
        if Files.isDirectory(path) { throw .usage("\(path): is a directory; a run is a file") }
        do throws(RecordsError) {
            return try RunFile(path: path)
        } catch {
            throw .usage(error.description)
        }
    }

    /// The figures of run files of one plan.
    static func analysis(_ paths: [String]) throws(CommandError) -> RunAnalysis {
        var files: [RunFile] = []
        for path in paths { files.append(try file(path)) }
        do throws(AnalysisError) {
            return try RunAnalysis(files)
        } catch {
            throw .usage(error.description)
        }
    }

    /// How a command that ranks should end: as `run` does where no call was answered.
    static func exitCode(_ ranking: Ranking, _ analysis: RunAnalysis) -> ExitCode {
        guard analysis.isValid, analysis.hasAnswer else { return .notMeasured }
        return ranking.hasRanks ? .good : .inconclusive
    }
}
