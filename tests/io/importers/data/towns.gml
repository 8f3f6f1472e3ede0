Creator "hand"
graph [
  label "Towns"
  node [ id 0 label "Aach" Latitude 47.84 Longitude 8.85 ]
  node [ id 1 label "Brey" Latitude 47.9 Longitude 9.1 ]
  node [ id 2 label "Cham" Latitude 47.6 Longitude 9.3 ]
  node [ id 3 label "Dorf" Latitude 47.5 Longitude 9.0 ]
  node [ id 4 label "Egg" Latitude 47.65 Longitude 8.8 ]
  edge [ source 0 target 1 dist 20 ]
  edge [ source 1 target 2 dist 30.5 ]
  edge [ source 2 target 3 dist 12 ]
  edge [ source 3 target 4 dist 25 ]
  edge [ source 4 target 0 dist 18 ]
  edge [ source 1 target 4 dist 22 ]
]
