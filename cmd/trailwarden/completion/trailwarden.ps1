# PowerShell completion for trailwarden; made by "trailwarden completion powershell".

Register-ArgumentCompleter -Native -CommandName 'trailwarden', 'trailwarden.exe' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        ForEach-Object { if ($_.PSObject.Properties['Value']) { "$($_.Value)" } else { $_.Extent.Text } })
    if ($words.Count -eq 0) { return }
    $program = $words[0]
    $before = @($words | Select-Object -Skip 1)
    $answer = @(& $program complete ":$wordToComplete" @before 2>$null)
    # Where files could stand and no word fits, PowerShell offers files by itself.
    foreach ($line in ($answer | Select-Object -Skip 1)) {
        $word, $about = $line -split "`t", 2
        if (-not $about) { $about = $word }
        $kind = if ($word.StartsWith('-')) { 'ParameterName' } else { 'ParameterValue' }
        [System.Management.Automation.CompletionResult]::new($word, $word, $kind, $about)
    }
}
